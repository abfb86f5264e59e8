import type { TimeRange } from './process.js';

/** Steps that are extrapolated from, each so many times smaller than the one before. */
const STEPS = 12;
const RATIO = 1.6;
/** Nearer to an end than this, of the range, a central difference may not be the best. */
const NEAR_END = 1e-3;
/** First steps of one-sided differences, of the range: a pole beyond the end needs small ones, rounding large ones. */
const ONE_SIDED = [5e-2, 1e-3, 2e-5];

/**
 * The derivative of a smooth function: differences of ever smaller steps, extrapolated to step 0, the entry of the table
 * with the least estimated error (Ridders 1982). They are central, which stays within the range; at an end and near it
 * one-sided ones are tried as well.
 */
export function derivative(value: (t: number) => number, t: number, { min, max }: TimeRange): number {
  const room = Math.min(t - min, max - t);
  const span = max - min;
  // Central differences have errors in even powers of the step alone, one-sided ones in all.
  const central = () =>
    extrapolated((h) => (value(t + h) - value(t - h)) / (2 * h), Math.min(room, 0.1 * span), RATIO * RATIO);
  if (room > NEAR_END * span) return central().value;
  const direction = t - min < max - t ? 1 : -1;
  const oneSided = (h: number) => (direction * (value(t + direction * h) - value(t))) / h;
  const attempts = ONE_SIDED.map((first) => extrapolated(oneSided, first * span, RATIO));
  if (room > 0) attempts.push(central());
  return attempts.reduce((best, next) => (next.error < best.error ? next : best)).value;
}

/** A difference extrapolated to step 0. @param power of the ratio by which the first error falls from step to step */
function extrapolated(
  difference: (step: number) => number,
  first: number,
  power: number,
): { value: number; error: number } {
  let row: number[] = [];
  let best = { value: Number.NaN, error: Number.POSITIVE_INFINITY };
  for (let i = 0, h = first; i < STEPS; i++, h /= RATIO) {
    const next = [difference(h)];
    let factor = 1;
    for (let j = 0; j < row.length; j++) {
      factor *= power;
      next.push((next[j] * factor - row[j]) / (factor - 1));
      const error = Math.max(Math.abs(next[j + 1] - next[j]), Math.abs(next[j + 1] - row[j]));
      if (error < best.error) best = { value: next[j + 1], error };
    }
    row = next;
  }
  return best;
}
