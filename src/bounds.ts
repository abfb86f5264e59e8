import { FewstepError } from './errors.js';

/** What a number may be: in words, and as a test. */
export interface Bound {
  what: string;
  holds(x: number): boolean;
}

export const positive: Bound = {
  what: 'a positive number',
  holds: (x) => x > 0 && Number.isFinite(x),
};

/** Below 1 also where the GPU has it, in float32. */
export const below1: Bound = {
  what: 'a number from 0 to below 1, at most 0.99999994',
  holds: (x) => x >= 0 && Math.fround(x) < 1,
};

/** Not 0 where the GPU has it, in float32. */
export const positive32: Bound = {
  what: 'a positive number, at least 1.2e-38',
  holds: (x) => x >= 2 ** -126 && Number.isFinite(x),
};

/** A whole number within bounds, both included. */
export function whole(low: number, high = Number.MAX_SAFE_INTEGER): Bound {
  return {
    what: `a whole number ${high === Number.MAX_SAFE_INTEGER ? `of ${low} or more` : `from ${low} to ${high}`}`,
    holds: (x) => Number.isSafeInteger(x) && x >= low && x <= high,
  };
}

/**
 * @param whose numbers they are
 * @throws FewstepError bad-argument naming the first that is out of its bounds
 */
export function checkBounds<Name extends string>(
  whose: string,
  values: Readonly<Record<NoInfer<Name>, number>>,
  bounds: Readonly<Record<Name, Bound>>,
): void {
  for (const name of Object.keys(bounds) as Name[]) {
    const value: unknown = values[name];
    if (typeof value === 'number' && bounds[name].holds(value)) continue;
    throw new FewstepError('bad-argument', `the ${whose} ${name} is ${value}`, `give ${bounds[name].what}`);
  }
}
