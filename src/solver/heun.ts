import * as v from 'valibot';
import { defineSolver } from './define.js';

export const heun = defineSolver({
  name: 'heun',
  summary: "Heun's second-order method (EDM, arXiv 2206.00364, algorithm 1)",
  order: 2,
  options: v.strictObject({
    /** 'corrected': every step is corrected, up to sigma_min. 'denoise': EDM's plain Euler step from sigma_min to 0. */
    end: v.optional(v.picklist(['corrected', 'denoise'], "must be 'corrected' or 'denoise'"), 'corrected'),
  }),
  write(b, { end }) {
    let x = b.start;
    for (let i = 0; i + 1 < b.times.length; i++) {
      const [t, next] = [b.times[i], b.times[i + 1]];
      const h = next - t;
      const d = b.velocity(x, t);
      const predicted = b.euler(x, d, h);
      const corrected = b.combine([1, x], [h / 2, d], [h / 2, b.velocity(predicted, next)]);
      const last = i + 2 === b.times.length;
      // From sigma_min to 0 Euler ends exactly at D.
      x = b.reach(last && end === 'denoise' ? b.denoised(corrected, next) : corrected);
    }
  },
});
