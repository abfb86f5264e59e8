import { DEFAULT_RANGE } from '../grid/grid.js';
import { PlanBuilder } from './builder.js';
import type { Plan } from './plan.js';

/** What the plan is called where solvers are named. */
const ONE_STEP = 'one-step';

/**
 * The plan of a generator: D of the latents is the sample, after one evaluation.
 * @param sigma of the latents, above 0.002
 */
export function oneStepPlan(sigma: number): Plan {
  const b = new PlanBuilder([sigma, DEFAULT_RANGE.sigmaMin]);
  b.reach(b.denoised(b.start, sigma));
  return b.finish(ONE_STEP);
}
