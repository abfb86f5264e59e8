import * as v from 'valibot';
import type { PlanBuilder } from '../builder.js';
import { defineSolver } from '../define.js';
import type { Slot } from '../plan.js';
import { type ProcessTime, processOption, timesIn } from './process-option.js';

/**
 * One step of the reverse diffusion predictor (Score-SDE, arXiv 2011.13456, equation 46), the reverse SDE discretised
 * as the forward chain is: forwards x_t = a x_t' + G z with a = alpha-bar(t) / alpha-bar(t') and
 * G^2 = beta-bar(t)^2 - a^2 beta-bar(t')^2; back x_t' = (2 - a) x_t + G^2 score + G z.
 */
export function reverseDiffusionStep(
  b: PlanBuilder,
  x: Slot,
  velocity: Slot,
  from: ProcessTime,
  to: ProcessTime,
  noisy: boolean,
): Slot {
  const a = from.alpha / to.alpha;
  // G^2 = alpha-bar(t)^2 (sigma^2 - sigma'^2), and score = -d / beta-bar(t)
  const square = from.alpha ** 2 * (from.sigma - to.sigma) * (from.sigma + to.sigma);
  const mean = b.combine([(2 - a) * a, x], [-square / (from.beta * to.alpha), velocity]);
  return b.noise(mean, noisy ? Math.sqrt(square) / to.alpha : 0);
}

export const reverseDiffusion = defineSolver({
  name: 'reverse-diffusion',
  summary:
    'reverse diffusion predictor of a process: the reverse SDE discretised as its forward chain (arXiv 2011.13456)',
  order: 1,
  options: v.strictObject({ process: processOption }),
  write(b, options) {
    const { times } = timesIn(options.process, b.times);
    const steps = times.length - 1;
    let x = b.start;
    for (let i = 0; i < steps; i++) {
      const d = b.velocity(x, times[i].sigma);
      x = b.reach(reverseDiffusionStep(b, x, d, times[i], times[i + 1], i + 1 < steps));
    }
  },
});
