import { countSamples, type Samples } from '../../src/metrics/samples.js';

interface EnergyOptions {
  /** Use at most so many samples of each side, evenly spaced over the rows: the cost is its square. */
  maxSamples?: number;
}

/**
 * Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, not its root (Szekely and Rizzo, 2013). It is the
 * V-statistic, in which a sample also pairs with itself: never below zero and zero for equal samples, but
 * biased upwards by about E|X - X'| / count for each side.
 *
 * @param a, b samples [count * dim]; their counts may differ
 */
export function energyDistance(a: Samples, b: Samples, dim: number, options: EnergyOptions = {}): number {
  const x = thin(a, dim, options.maxSamples ?? Infinity);
  const y = thin(b, dim, options.maxSamples ?? Infinity);
  const energy = 2 * meanDistance(x, y, dim) - meanDistanceWithin(x, dim) - meanDistanceWithin(y, dim);
  // Rounding can leave a distance of zero a little below it.
  return Math.max(0, energy);
}

function thin(samples: Samples, dim: number, most: number): Float64Array {
  const count = countSamples(samples, dim);
  const kept = Math.min(count, most);
  const thinned = new Float64Array(kept * dim);
  for (let i = 0; i < kept; i++) {
    const row = Math.floor((i * count) / kept);
    thinned.set(samples.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return thinned;
}

function meanDistance(x: Float64Array, y: Float64Array, dim: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += dim) {
    for (let j = 0; j < y.length; j += dim) sum += distance(x, i, y, j, dim);
  }
  return sum / ((x.length / dim) * (y.length / dim));
}

function meanDistanceWithin(x: Float64Array, dim: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += dim) {
    for (let j = 0; j < i; j += dim) sum += distance(x, i, x, j, dim);
  }
  return (2 * sum) / (x.length / dim) ** 2;
}

function distance(x: Float64Array, i: number, y: Float64Array, j: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) {
    const difference = x[i + d] - y[j + d];
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
