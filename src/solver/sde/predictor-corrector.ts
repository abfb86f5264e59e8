import * as v from 'valibot';
import { defineSolver } from '../define.js';
import { processOption, timesIn } from './process-option.js';
import { reverseDiffusionStep } from './reverse-diffusion.js';

/**
 * At each time `corrections` steps of Langevin dynamics, x + e score + sqrt(2 e) z with e = 2 alpha (snr |z| / |score|)^2,
 * then a step of the reverse diffusion predictor to the next time; the last returns the mean. alpha is the process' own
 * (alpha-bar(t) / alpha-bar(t'))^2, 1 for VE and 1 - beta for VP. NFE 1 + `corrections` a step.
 *
 * The paper takes |z| and |score| as means over the batch, on which no trajectory may depend here; so they are what these
 * norms are where noise prevails, sqrt(dim) and sqrt(dim) / sigma, hence e = 2 alpha (snr sigma)^2. A trajectory's own
 * norms are no substitute: where its score happens to be near 0 it leaps. On random 2-D mixtures (NFE 192, lavapipe) the
 * sliced Wasserstein distance to the data was 1.0 to 1.2 with them and is 0.03 to 0.04 with these, 0.04 to 0.05 without
 * corrections at half the NFE.
 */
export const predictorCorrector = defineSolver({
  name: 'predictor-corrector',
  summary:
    'reverse diffusion with Langevin corrections before each step (arXiv 2011.13456, algorithms 2 to 5)',
  order: 1,
  options: v.strictObject({
    process: processOption,
    snr: v.optional(v.pipe(v.number('must be a number'), v.gtValue(0, 'must be positive')), 0.16),
    corrections: v.optional(
      v.pipe(
        v.number('must be a number'),
        v.integer('must be whole'),
        v.minValue(1, 'must be 1 or more'),
        v.maxValue(1000, 'must be 1000 or less'),
      ),
      1,
    ),
  }),
  write(b, { process, snr, corrections }) {
    const { times } = timesIn(process, b.times);
    const steps = times.length - 1;
    let x = b.start;
    for (let i = 0; i < steps; i++) {
      const [from, to] = [times[i], times[i + 1]];
      const alpha = (from.alpha / to.alpha) ** 2;
      const e = 2 * alpha * (snr * from.sigma) ** 2;
      for (let n = 0; n < corrections; n++) {
        const d = b.velocity(x, from.sigma);
        x = b.noise(b.euler(x, d, -e / from.sigma), Math.sqrt(2 * e));
      }
      const d = b.velocity(x, from.sigma);
      x = b.reach(reverseDiffusionStep(b, x, d, from, to, i + 1 < steps));
    }
  },
});
