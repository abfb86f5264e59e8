import { FewstepError, nearestName } from './errors.js';

/** All entries that a type has, by name: true where they have to be given. The compiler tells a list that lacks one. */
export type Entries<T> = { readonly [Name in keyof T]-?: undefined extends T[Name] ? false : true };

/** The names of a list, none of which has to be given. */
export function optional<T extends object>(all: Readonly<Record<keyof T, unknown>>): Entries<Partial<T>> {
  return Object.fromEntries(Object.keys(all).map((name) => [name, false])) as Entries<Partial<T>>;
}

/**
 * Refuses what is no object of these entries: whoever writes JavaScript would have a misspelt one ignored.
 * @param what it is, for errors: "sample's request"
 * @throws FewstepError bad-argument, with the nearest name
 */
export function checkEntries<T extends object>(what: string, given: T, entries: Entries<T>): void {
  const names = Object.keys(entries);
  const takes = `it takes: ${names.join(', ')}`;
  if (!isObject(given))
    throw new FewstepError('bad-argument', `${what}: expected an object, got ${shown(given)}`, takes);
  if (isPromise(given))
    throw new FewstepError('bad-argument', `${what}: expected an object, got a promise`, 'await it');
  const values = given as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(values)) {
    // What is undefined is left out.
    if (value === undefined || Object.hasOwn(entries, name)) continue;
    const nearest = nearestName(name, names);
    const hint = nearest === undefined ? '' : `did you mean '${nearest}'? `;
    throw new FewstepError('bad-argument', `${what}: unknown entry '${name}'`, `${hint}${takes}`);
  }
  for (const [name, value] of Object.entries(values)) checkKind(what, name, value);
  const missing = names.find((name) => entries[name as keyof T] && values[name] === undefined);
  if (missing !== undefined) {
    const needed = names.filter((name) => entries[name as keyof T]);
    throw new FewstepError(
      'bad-argument',
      `${what}: '${missing}' is missing`,
      `it needs: ${needed.join(', ')}`,
    );
  }
}

/** What every request calls alike: a signal is an AbortSignal, and what is told of progress a function. */
function checkKind(what: string, name: string, value: unknown): void {
  if (value === undefined) return;
  if (/^on[A-Z]/.test(name) && typeof value !== 'function') {
    throw new FewstepError('bad-argument', `${what}: '${name}' is ${shown(value)}`, 'give a function');
  }
  if ((name === 'signal' || name === 'finish') && !isSignal(value)) {
    const remedy = isObject(value) && isSignal(value.signal) ? 'give its .signal' : 'give an AbortSignal';
    throw new FewstepError('bad-argument', `${what}: '${name}' is ${shown(value)}`, remedy);
  }
}

function isSignal(value: unknown): boolean {
  return isObject(value) && typeof value.throwIfAborted === 'function';
}

/** The entries that are not undefined: what somebody really says. */
export function given<T extends object>(entries: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof given<T>
  >;
}

/** @throws FewstepError bad-argument unless it is a text */
export function checkText(what: string, given: unknown, remedy: string): asserts given is string {
  if (typeof given !== 'string') {
    throw new FewstepError('bad-argument', `${what} is ${shown(given)}, not a text`, remedy);
  }
}

/** Whether it has entries: no list and no function. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Whether somebody forgot to await it. */
export function isPromise(value: unknown): boolean {
  return isObject(value) && typeof value.then === 'function';
}

/** A value of any kind, for errors. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (isPromise(value)) return 'a promise';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return kind === 'Object' ? 'an object' : `${/^[AEIO]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
