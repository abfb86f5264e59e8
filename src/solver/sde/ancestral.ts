import * as v from 'valibot';
import { defineSolver } from '../define.js';

/**
 * x' = D + (down / t)(x - D) + up z with up = eta t' sqrt(t^2 - t'^2) / t and down = sqrt(t'^2 - up^2). For eta = 1 it
 * draws from the forward process' own posterior p(x_t' | x_t, x_0 = D), which in sigma space is the same for every
 * process; for eta = 0 it is Euler.
 */
export const ancestral = defineSolver({
  name: 'ancestral',
  summary:
    'ancestral sampling: DDPM (arXiv 2006.11239), with `eta` between it and DDIM (arXiv 2010.02502, equation 16)',
  order: 1,
  options: v.strictObject({
    eta: v.optional(
      v.pipe(v.number('must be a number'), v.minValue(0), v.maxValue(1, 'must be at most 1')),
      1,
    ),
  }),
  write(b, { eta }) {
    let x = b.start;
    for (let i = 0; i + 1 < b.times.length; i++) {
      const [t, next] = [b.times[i], b.times[i + 1]];
      const up = (eta * next * Math.sqrt((t - next) * (t + next))) / t;
      const down = Math.sqrt((next - up) * (next + up));
      const d = b.velocity(x, t);
      x = b.reach(b.noise(b.euler(x, d, down - t), up));
    }
  },
});
