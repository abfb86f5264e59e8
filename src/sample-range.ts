import { FewstepError } from './errors.js';
import type { Field } from './field/field.js';
import type { Plan } from './solver/plan.js';

/**
 * Refuses a plan that runs through noise levels that a field does not know, as far as its grid says. A time that a
 * trajectory learned may still leave them by a little: there the model is told the last level it knows.
 * @throws FewstepError bad-argument
 */
export function checkSigmaRange({ sigmaRange }: Field, { times }: Plan): void {
  if (!sigmaRange) return;
  const { sigmaMin, sigmaMax } = sigmaRange;
  const slack = 1 + 1e-6;
  const foreign = times.find((sigma) => sigma > sigmaMax * slack || sigma < sigmaMin / slack);
  if (foreign === undefined) return;
  const [low, high] = [sigmaMin, sigmaMax].map((sigma) => Number(sigma.toPrecision(6)));
  throw new FewstepError(
    'bad-argument',
    `the grid goes through sigma ${foreign}, and the model's process has sigma from ${low} to ${high} alone`,
    `give a grid within: sigma_min ${low} or more, sigma_max ${high} or less`,
  );
}
