import { basename } from 'node:path';
import { FewstepError } from '../errors.js';
import { parseProcess } from '../process/built-in.js';
import { defineProcess, type Process, type TimeRange } from '../process/process.js';
import { type StoredProcess, tabulate } from '../process/tabulated.js';
import { inFile } from './field/place.js';
import { importModule } from './module.js';

const REMEDY =
  'write: export const alphaBar = (t) => ..., betaBar = (t) => ..., range = { min: 0, max: 1 }; sigma = beta-bar / alpha-bar has to rise';

/**
 * A process by the name of a built-in, or a module of one's own (.mjs, .js) that exports `alphaBar(t)`, `betaBar(t)` and
 * `range`.
 * @throws FewstepError unknown-name or bad-argument, with the file; `file` where there is none
 */
export async function loadProcess(spec: string): Promise<Process> {
  if (!isModule(spec)) return parseProcess(spec);
  const { alphaBar, betaBar, range } = await importModule(spec, 'bad-argument', REMEDY);
  for (const [name, value] of Object.entries({ alphaBar, betaBar })) {
    if (typeof value === 'function') continue;
    throw new FewstepError('bad-argument', `${spec} exports no function '${name}'`, REMEDY);
  }
  if (typeof range !== 'object' || range === null) {
    throw new FewstepError('bad-argument', `${spec} exports no 'range'`, REMEDY);
  }
  return inFile(spec, () =>
    defineProcess({
      name: basename(spec).replace(/\.[^.]*$/, ''),
      range: range as TimeRange,
      alphaBar: ofTime(spec, 'alphaBar', alphaBar),
      betaBar: ofTime(spec, 'betaBar', betaBar),
    }),
  );
}

/**
 * The same as a model's file remembers it, which need not find the module again.
 * @throws FewstepError as `loadProcess` and `tabulate`
 */
export async function loadStoredProcess(spec: string): Promise<StoredProcess> {
  const process = await loadProcess(spec);
  return isModule(spec) ? inFile(spec, () => tabulate(process)) : process.name;
}

function isModule(spec: string): boolean {
  return /\.m?js$/i.test(spec);
}

/** A function of the user's, whose own errors come out as what they are. */
function ofTime(spec: string, name: string, given: unknown): (t: number) => number {
  return (t) => {
    try {
      return Number((given as (t: number) => unknown)(t));
    } catch (cause) {
      throw new FewstepError(
        'bad-argument',
        `${spec}: ${name}(${t}) fails: ${(cause as Error).message}`,
        REMEDY,
        {
          cause,
        },
      );
    }
  };
}
