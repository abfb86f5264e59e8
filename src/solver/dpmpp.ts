import * as v from 'valibot';
import type { PlanBuilder } from './builder.js';
import { defineSolver } from './define.js';
import type { Scalar, Slot } from './plan.js';

export const lowerOrderFinal = v.optional(v.boolean('must be true or false'), true);

/** Order of step i (1-based) of `steps`: it rises at the start and, on request, falls at the end. */
function orderOf(i: number, steps: number, max: number, falls: boolean): number {
  if (i < max) return i;
  return falls ? Math.min(max, steps + 1 - i) : max;
}

/**
 * The weights of x and of the last denoised (newest first) in one DPM-Solver++ multistep update from t to next.
 * @param past times of the evaluations before t, newest first
 */
function multistepWeights(t: number, next: number, past: readonly number[], exactD2: boolean) {
  const h = Math.log(t / next);
  const p1 = Math.expm1(-h);
  if (past.length === 0) return [-p1];
  const r0 = Math.log(past[0] / t) / h;
  if (past.length === 1) return [-p1 * (1 + 0.5 / r0), (0.5 * p1) / r0];
  // D10 = (m0 - m1) / r0, D11 = (m1 - m2) / r1, and D1, D2 from them, each as weights of (m0, m1, m2).
  const r1 = Math.log(past[1] / past[0]) / h;
  const d10 = [1 / r0, -1 / r0, 0];
  const d11 = [0, 1 / r1, -1 / r1];
  const d1 = d10.map((weight, j) => weight + (r0 / (r0 + r1)) * (weight - d11[j]));
  const d2 = d10.map((weight, j) => ((exactD2 ? 2 : 1) * (weight - d11[j])) / (r0 + r1));
  const p2 = p1 / h + 1;
  const p3 = p2 / h - 0.5;
  return [0, 1, 2].map((j) => (j === 0 ? -p1 : 0) + p2 * d1[j] - p3 * d2[j]);
}

function writeDpmpp(b: PlanBuilder, max: number, falls: boolean, exactD2: boolean): void {
  const steps = b.times.length - 1;
  let x = b.start;
  let history: Slot[] = [];
  for (let i = 0; i < steps; i++) {
    const [t, next] = [b.times[i], b.times[i + 1]];
    history = [b.denoised(x, t), ...history].slice(0, max);
    const order = orderOf(i + 1, steps, max, falls);
    const past = Array.from({ length: order - 1 }, (_, j) => b.times[i - 1 - j]);
    const weights = multistepWeights(t, next, past, exactD2);
    const terms = weights.map((weight, j): [Scalar, Slot] => [weight, history[j]]);
    x = b.reach(b.combine([next / t, x], ...terms));
  }
}

export const dpmpp2m = defineSolver({
  name: 'dpmpp-2m',
  summary: 'DPM-Solver++(2M), data prediction (arXiv 2211.01095, algorithm 2)',
  order: 2,
  options: v.strictObject({ lower_order_final: lowerOrderFinal }),
  write(b, options) {
    writeDpmpp(b, 2, options.lower_order_final, false);
  },
});

export const dpmpp3m = defineSolver({
  name: 'dpmpp-3m',
  summary: 'DPM-Solver++(3M), data prediction, as published (arXiv 2211.01095)',
  // The published second difference is half of what order 3 needs; it is as good or better at 3 to 20 steps.
  order: 2,
  options: v.strictObject({
    lower_order_final: lowerOrderFinal,
    d2: v.optional(v.picklist(['published', 'exact'], "must be 'published' or 'exact'"), 'published'),
  }),
  write(b, options) {
    writeDpmpp(b, 3, options.lower_order_final, options.d2 === 'exact');
  },
});
