import * as v from 'valibot';
import { FewstepError } from '../../errors.js';
import { defineSolver } from '../define.js';

const nonNegative = (standard: number) =>
  v.optional(v.pipe(v.number('must be a number'), v.minValue(0, 'must not be negative')), standard);

/**
 * EDM's stochastic sampler: noise is added up to t^ = t (1 + gamma), with gamma = min(churn / N, sqrt(2) - 1) for t from
 * s_min to s_max, then a step of Heun from t^ to the next time. As `heun`, it ends at the last time of the grid, with the
 * correction in every step: NFE 2 a step.
 */
export const stochasticHeun = defineSolver({
  name: 'stochastic-heun',
  summary: "EDM's stochastic sampler with churn (arXiv 2206.00364, algorithm 2)",
  order: 2,
  options: v.strictObject({
    churn: nonNegative(40),
    s_min: nonNegative(0.05),
    s_max: nonNegative(50),
    s_noise: nonNegative(1.003),
  }),
  write(b, { churn, s_min, s_max, s_noise }) {
    if (s_min > s_max) {
      throw new FewstepError(
        'bad-argument',
        `solver 'stochastic-heun': no time is from s_min ${s_min} to s_max ${s_max}, so that it would add no noise`,
        'give s_min below s_max, or churn=0 where no noise is wanted',
      );
    }
    const steps = b.times.length - 1;
    let x = b.start;
    for (let i = 0; i < steps; i++) {
      const [t, next] = [b.times[i], b.times[i + 1]];
      const gamma = t >= s_min && t <= s_max ? Math.min(churn / steps, Math.SQRT2 - 1) : 0;
      const raised = t * (1 + gamma);
      const churned = b.noise(x, s_noise * t * Math.sqrt(gamma * (2 + gamma)));
      const d = b.velocity(churned, raised);
      const predicted = b.euler(churned, d, next - raised);
      const h = (next - raised) / 2;
      x = b.reach(b.combine([1, churned], [h, d], [h, b.velocity(predicted, next)]));
    }
  },
});
