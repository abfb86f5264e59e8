import type { Fingerprint } from '../field/fingerprint.js';
import type { MlpModel } from '../mlp/field.js';
import { oneStepPlan } from '../solver/one-step.js';
import type { Plan } from '../solver/plan.js';

/** A network that makes a sample with one evaluation: g(z) = D(sigma z, sigma). */
export interface Generator extends MlpModel {
  /** Noise level of its latents, which it is told. */
  sigma: number;
  /** The field that it was distilled from. */
  teacher: Fingerprint;
}

/** A generator is a field with a plan of its own: this one, on latents at its sigma. */
export function planOfGenerator({ sigma }: Pick<Generator, 'sigma'>): Plan {
  return oneStepPlan(sigma);
}
