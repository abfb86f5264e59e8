import { median } from '../src/metrics/quantile.js';

/** Least, median and greatest of what was repeated. */
export type MinMedianMax = [min: number, median: number, max: number];

export function minMedianMax(values: number[]): MinMedianMax {
  return [Math.min(...values), median(values), Math.max(...values)];
}
