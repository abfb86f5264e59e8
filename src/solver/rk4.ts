import { defineSolver, noOptions } from './define.js';

export const rk4 = defineSolver({
  name: 'rk4',
  summary: 'the classic fourth-order Runge-Kutta method',
  order: 4,
  options: noOptions,
  write(b) {
    let x = b.start;
    for (let i = 0; i + 1 < b.times.length; i++) {
      const [t, next] = [b.times[i], b.times[i + 1]];
      const h = next - t;
      const middle = t + h / 2;
      const k1 = b.velocity(x, t);
      const k2 = b.velocity(b.euler(x, k1, h / 2), middle);
      const k3 = b.velocity(b.euler(x, k2, h / 2), middle);
      const k4 = b.velocity(b.euler(x, k3, h), next);
      x = b.reach(b.combine([1, x], [h / 6, k1], [h / 3, k2], [h / 3, k3], [h / 6, k4]));
    }
  },
});
