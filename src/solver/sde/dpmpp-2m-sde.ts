import * as v from 'valibot';
import { defineSolver } from '../define.js';
import type { Scalar, Slot } from '../plan.js';

/**
 * With h = ln(t / t') and e = eta h: x' = (t' / t) exp(-e) x + (1 - exp(-h - e)) D + correction
 * + s_noise t' sqrt(1 - exp(-2 e)) z, the correction, from the second step on, a multiple of (D - D_previous) h / h_previous. As in k-diffusion's
 * sample_dpmpp_2m_sde, whose names `eta`, `s_noise` and `midpoint | heun` are.
 */
export const dpmpp2mSde = defineSolver({
  name: 'dpmpp-2m-sde',
  summary: 'SDE-DPM-Solver++(2M), data prediction (arXiv 2211.01095, section 6 and appendix; k-diffusion)',
  order: 2,
  options: v.strictObject({
    eta: v.optional(v.pipe(v.number('must be a number'), v.minValue(0, 'must not be negative')), 1),
    s_noise: v.optional(v.pipe(v.number('must be a number'), v.minValue(0, 'must not be negative')), 1),
    variant: v.optional(v.picklist(['midpoint', 'heun'], "must be 'midpoint' or 'heun'"), 'midpoint'),
  }),
  write(b, { eta, s_noise, variant }) {
    let x = b.start;
    let before: { denoised: Slot; h: number } | undefined;
    for (let i = 0; i + 1 < b.times.length; i++) {
      const [t, next] = [b.times[i], b.times[i + 1]];
      const h = Math.log(t / next);
      const e = eta * h;
      const gain = -Math.expm1(-h - e);
      const denoised = b.denoised(x, t);
      const terms: [Scalar, Slot][] = [[(next / t) * Math.exp(-e), x]];
      if (before) {
        const weight = variant === 'midpoint' ? gain / 2 : 1 - gain / (h + e);
        const slope = (weight * h) / before.h;
        terms.push([gain + slope, denoised], [-slope, before.denoised]);
      } else {
        terms.push([gain, denoised]);
      }
      before = { denoised, h };
      x = b.reach(b.noise(b.combine(...terms), s_noise * next * Math.sqrt(-Math.expm1(-2 * e))));
    }
  },
});
