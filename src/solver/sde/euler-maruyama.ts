import * as v from 'valibot';
import { defineSolver } from '../define.js';
import { processOption, timesIn } from './process-option.js';

/**
 * x_t' = x_t - [f x_t - g^2 score] dt + g sqrt(dt) z with dt = t - t' in the process' own time, written for
 * x = x_t / alpha-bar, where g^2 score = -2 (d sigma/dt) alpha-bar d. The last step returns the mean, as published.
 */
export const eulerMaruyama = defineSolver({
  name: 'euler-maruyama',
  summary: 'Euler-Maruyama on the reverse SDE of a process (arXiv 2011.13456)',
  order: 1,
  options: v.strictObject({ process: processOption }),
  write(b, options) {
    const { process, times } = timesIn(options.process, b.times);
    const steps = times.length - 1;
    let x = b.start;
    for (let i = 0; i < steps; i++) {
      const { t, sigma, alpha, beta } = times[i];
      const dt = t - times[i + 1].t;
      const g2 = process.g2(t);
      const d = b.velocity(x, sigma);
      const ratio = alpha / times[i + 1].alpha;
      const mean = b.combine([ratio * (1 - process.f(t) * dt), x], [(-ratio * g2 * dt) / (alpha * beta), d]);
      const spread = i + 1 < steps ? Math.sqrt(g2 * dt) / times[i + 1].alpha : 0;
      x = b.reach(b.noise(mean, spread));
    }
  },
});
