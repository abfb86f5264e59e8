import { defineSolver, noOptions } from './define.js';

export const euler = defineSolver({
  name: 'euler',
  summary: 'Euler; in sigma space the same as DDIM (arXiv 2010.02502)',
  order: 1,
  options: noOptions,
  write(b) {
    let x = b.start;
    for (let i = 0; i + 1 < b.times.length; i++) {
      const d = b.velocity(x, b.times[i]);
      x = b.reach(b.euler(x, d, b.times[i + 1] - b.times[i]));
    }
  },
});
