import { FewstepError } from '../errors.js';
import type { SigmaRange } from '../grid/grid.js';

/**
 * The part of a grid's range that the command line gives. @throws FewstepError bad-argument where the grid lists its
 * times
 */
export function givenRange(
  grid: string,
  { sigmaMin, sigmaMax }: { sigmaMin?: number; sigmaMax?: number },
): Partial<SigmaRange> {
  if (grid.startsWith('explicit') && (sigmaMin ?? sigmaMax) !== undefined) {
    throw new FewstepError(
      'bad-argument',
      `${sigmaMin === undefined ? '--sigma-max' : '--sigma-min'} does not apply to an explicit grid`,
      'leave it out, and list the times you want',
    );
  }
  return { ...(sigmaMin !== undefined && { sigmaMin }), ...(sigmaMax !== undefined && { sigmaMax }) };
}
