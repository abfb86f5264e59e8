import { FewstepError } from '../errors.js';

/**
 * Quantile of numbers that are already in increasing order, with linear interpolation between neighbours
 * (type 7 of Hyndman and Fan, 1996; what NumPy and R do).
 *
 * @param probability from 0 (the smallest) to 1 (the largest)
 */
export function quantileOfSorted(sorted: ArrayLike<number>, probability: number): number {
  if (sorted.length === 0 || !(probability >= 0 && probability <= 1)) {
    throw new FewstepError(
      'bad-argument',
      `no quantile ${probability} of ${sorted.length} numbers`,
      'give at least one number and a probability from 0 to 1',
    );
  }
  const position = probability * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** Quantile of numbers in any order; see `quantileOfSorted`. */
export function quantile(values: ArrayLike<number>, probability: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), probability);
}

/** The middle number, or the mean of the middle two. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
