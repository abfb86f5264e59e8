import { FewstepError } from '../errors.js';

/** The error of a run that produced a NaN or an infinity, first in step `step` (0-based). */
export function notFinite(step: number, trajectories: number, batch: number): FewstepError {
  return new FewstepError(
    'not-finite',
    `NaN or infinity in ${trajectories} of ${batch} trajectories, first in step ${step + 1}`,
    'check the field at the times of that step; a solver of high order on a coarse grid may also diverge',
  );
}
