import type { TimeRange } from './process.js';

/** Halvings of the step, at most. */
const TABLE = 12;

/**
 * The derivative of a smooth function: central differences of ever smaller steps, extrapolated to step 0, the entry of
 * the table with the least estimated error (Ridders 1982). Near an end of the range, where a central difference would
 * reach outside, differences on one side.
 */
export function derivative(value: (t: number) => number, t: number, { min, max }: TimeRange): number {
  const room = Math.min(t - min, max - t);
  // Central differences have errors in even powers of the step alone, one-sided ones in all.
  const inside = room > 1e-3 * (max - min) || (min < 0 && room > 0);
  const direction = t - min < max - t ? 1 : -1;
  const first = inside ? Math.min(room, 0.1 * (max - min)) : 0.05 * (max - min);
  const difference = inside
    ? (h: number) => (value(t + h) - value(t - h)) / (2 * h)
    : (h: number) => (direction * (value(t + direction * h) - value(t))) / h;
  const ratio = 1.6;
  let row: number[] = [];
  let best = Number.NaN;
  let error = Number.POSITIVE_INFINITY;
  for (let i = 0, h = first; i < TABLE; i++, h /= ratio) {
    const next = [difference(h)];
    let factor = 1;
    for (let j = 0; j < row.length; j++) {
      factor *= inside ? ratio * ratio : ratio;
      next.push((next[j] * factor - row[j]) / (factor - 1));
      const estimate = Math.max(Math.abs(next[j + 1] - next[j]), Math.abs(next[j + 1] - row[j]));
      if (estimate < error) [best, error] = [next[j + 1], estimate];
    }
    row = next;
  }
  return best;
}
