import { FewstepError } from './errors.js';
import type { Field } from './field/field.js';
import { DEFAULT_RANGE, type SigmaRange } from './grid/grid.js';
import type { Plan } from './solver/plan.js';

type Ranged = Pick<Field, 'sigmaRange'>;

/**
 * The noise levels between which a field is solved: those that are given, else the usual ones as far as its model's process
 * has them.
 * @throws FewstepError bad-argument for a given one that the process does not have
 */
export function rangeWithin(field: Ranged, { sigmaMin, sigmaMax }: Partial<SigmaRange> = {}): SigmaRange {
  for (const sigma of [sigmaMin, sigmaMax]) if (sigma !== undefined) checkSigma(field, sigma);
  const known = field.sigmaRange ?? DEFAULT_RANGE;
  return {
    sigmaMin: sigmaMin ?? Math.max(DEFAULT_RANGE.sigmaMin, known.sigmaMin),
    sigmaMax: sigmaMax ?? Math.min(DEFAULT_RANGE.sigmaMax, known.sigmaMax),
  };
}

/**
 * Refuses a plan that runs through noise levels that a field does not know, as far as its grid says. A time that a
 * trajectory learned may still leave them by a little: there the model is told the last level it knows.
 * @throws FewstepError bad-argument
 */
export function checkSigmaRange(field: Ranged, { times }: Plan): void {
  for (const sigma of times) checkSigma(field, sigma);
}

function checkSigma({ sigmaRange }: Ranged, sigma: number): void {
  if (!sigmaRange) return;
  const { sigmaMin, sigmaMax } = sigmaRange;
  const slack = 1 + 1e-6;
  if (sigma <= sigmaMax * slack && sigma >= sigmaMin / slack) return;
  const [low, high] = [sigmaMin, sigmaMax].map((end) => Number(end.toPrecision(6)));
  throw new FewstepError(
    'bad-argument',
    `sigma ${sigma} is asked for, and the model's process has sigma from ${low} to ${high} alone`,
    `give a range within: sigma_min ${low} or more, sigma_max ${high} or less`,
  );
}
