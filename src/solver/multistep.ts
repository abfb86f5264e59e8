import type { PlanBuilder } from './builder.js';
import type { Slot } from './plan.js';

/**
 * Writes a linear multistep method on velocities: x' = x + sum_j c_j d_j over the last `order` velocities, fewer
 * in the first steps.
 * @param weights the c_j for step i from times[i] to times[i + 1], newest velocity first, `count` of them
 */
export function writeMultistep(
  b: PlanBuilder,
  order: number,
  weights: (times: readonly number[], i: number, count: number) => number[],
): void {
  let x = b.start;
  let history: Slot[] = [];
  for (let i = 0; i + 1 < b.times.length; i++) {
    history = [b.velocity(x, b.times[i]), ...history].slice(0, order);
    const c = weights(b.times, i, history.length);
    x = b.reach(b.combine([1, x], ...history.map((d, j) => [c[j], d] as const)));
  }
}
