import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FewstepError } from '../errors.js';
import type { MachineDescription, Results } from '../report/results.js';
import { readResults } from './read-results.js';

/** Where a run that is stopped leaves its results, if an earlier one that finished has the folder itself. */
export const PARTIAL = 'partial';

/** What has to be the same for figures to be of one run. */
const SAME: readonly [what: string, of: (run: MachineDescription & { command: string }) => string][] = [
  ['command', ({ command }) => command],
  ['version', ({ fewstep, commit }) => [fewstep, commit].join(' ')],
  ['adapter', ({ adapter }) => `${adapter.name}, ${adapter.driver}`],
];

/**
 * What a run of the same command left in a folder when it was stopped.
 * @param run of now
 * @throws FewstepError file where nobody left anything; bad-data where it is damaged; bad-argument where all is done, or
 *   another command, version or adapter did it
 */
export async function unfinishedResults(
  folder: string,
  run: MachineDescription & { command: string },
): Promise<Results> {
  const path = [join(folder, PARTIAL, 'results.json'), join(folder, 'results.json')].find(existsSync);
  if (path === undefined) {
    throw new FewstepError('file', `--resume: ${folder} has no results`, 'leave --resume out');
  }
  const before = await readResults(path);
  if (before.complete) {
    throw new FewstepError(
      'bad-argument',
      `--resume: the run in ${folder} was not stopped`,
      'leave --resume out to run again',
    );
  }
  for (const [what, of] of SAME) {
    if (of(before.run) === of(run)) continue;
    throw new FewstepError(
      'bad-argument',
      `--resume: the ${what} was '${of(before.run)}', and is '${of(run)}'`,
      `go on with the same ${what}, or leave --resume out`,
    );
  }
  return before;
}
