import { defineSolver, noOptions } from './define.js';

function defineMidpoint(name: string, summary: string, middle: (t: number, next: number) => number) {
  return defineSolver({
    name,
    summary,
    order: 2,
    options: noOptions,
    write(b) {
      let x = b.start;
      for (let i = 0; i + 1 < b.times.length; i++) {
        const [t, next] = [b.times[i], b.times[i + 1]];
        const m = middle(t, next);
        const predicted = b.euler(x, b.velocity(x, t), m - t);
        x = b.reach(b.euler(x, b.velocity(predicted, m), next - t));
      }
    },
  });
}

export const midpoint = defineMidpoint(
  'midpoint',
  'the midpoint method, arithmetic in sigma',
  (t, next) => (t + next) / 2,
);

export const midpointGeometric = defineMidpoint(
  'midpoint-geometric',
  'the midpoint method, geometric in sigma (DPM-Solver-2 with r = 1/2)',
  (t, next) => Math.sqrt(t * next),
);
