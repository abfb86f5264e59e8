import * as v from 'valibot';
import { defineSolver } from './define.js';

export const dpmSolver2 = defineSolver({
  name: 'dpm-solver-2',
  summary: 'DPM-Solver-2 (arXiv 2206.00927), its intermediate time at r in log sigma',
  order: 2,
  options: v.strictObject({
    r: v.optional(
      v.pipe(
        v.number('must be a number'),
        v.check((r) => r > 0 && r <= 1, 'must be in (0, 1]'),
      ),
      0.5,
    ),
  }),
  write(b, { r }) {
    let x = b.start;
    for (let i = 0; i + 1 < b.times.length; i++) {
      const [t, next] = [b.times[i], b.times[i + 1]];
      const h = next - t;
      const m = next ** r * t ** (1 - r);
      const d = b.velocity(x, t);
      const middle = b.velocity(b.euler(x, d, m - t), m);
      x = b.reach(b.combine([1, x], [h * (1 - 1 / (2 * r)), d], [h / (2 * r), middle]));
    }
  },
});
