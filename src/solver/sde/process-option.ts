import * as v from 'valibot';
import { FewstepError } from '../../errors.js';
import { parseProcess } from '../../process/built-in.js';
import { isProcess, type Process } from '../../process/process.js';

/**
 * The option of solvers whose steps depend on the process that they reverse: a built-in one by its name, or one's own, as
 * `defineProcess` makes it.
 */
export const processOption = v.optional(
  v.union(
    [v.string(), v.custom<Process>(isProcess)],
    "must be the name of a process, such as 'vp-linear', or one that defineProcess made",
  ),
  've',
);

/** One of the times of a grid, in a process. */
export interface ProcessTime {
  t: number;
  sigma: number;
  alpha: number;
  beta: number;
}

/**
 * The times of a grid in the process that a solver reverses.
 * @throws FewstepError unknown-name; bad-grid where the process does not have all times
 */
export function timesIn(
  given: string | Process,
  sigmas: readonly number[],
): { process: Process; times: ProcessTime[] } {
  const process = typeof given === 'string' ? parseProcess(given) : given;
  const times = sigmas.map((sigma) => {
    const t = timeOf(process, sigma);
    const alpha = process.alphaBar(t);
    return { t, sigma, alpha, beta: sigma * alpha };
  });
  return { process, times };
}

function timeOf(process: Process, sigma: number): number {
  try {
    return process.timeOf(sigma);
  } catch (cause) {
    if (!(cause instanceof FewstepError)) throw cause;
    throw new FewstepError('bad-grid', cause.message, `${cause.remedy}, or take another process`, { cause });
  }
}
