import { energyDistance1d, squaredWasserstein1d } from './one-dimensional.js';

export interface SlicedOptions {
  /** Number of directions; 128 by default. */
  projections?: number;
  /** Of the directions; 0 by default. Compare only figures of the same seed and number. */
  seed?: number;
}

/**
 * Sliced 2-Wasserstein distance of samples given by their sorted projections: the root of the mean over directions of the
 * squared 2-Wasserstein distance of the projections (Bonneel et al., 2015). In one dimension it is the 2-Wasserstein
 * distance itself. The counts of both sides may differ.
 */
export function slicedWassersteinOf(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  return Math.sqrt(meanOver(a, b, squaredWasserstein1d));
}

/**
 * The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, not its root, of samples given by their sorted projections
 * (Szekely and Rizzo, 2013; the V-statistic, in which a sample also pairs with itself): it is the mean over all directions of
 * the energy distance on the line, times a constant of the dimension, because the length of a vector is that
 * constant times its mean absolute projection. Every sample counts, at the cost of a sort.
 */
export function slicedEnergyOf(a: readonly Float64Array[], b: readonly Float64Array[], dim: number): number {
  return lengthOverProjection(dim) * meanOver(a, b, energyDistance1d);
}

function meanOver(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  distance: (a: Float64Array, b: Float64Array) => number,
): number {
  return a.reduce((sum, projected, k) => sum + distance(projected, b[k]), 0) / a.length;
}

/**
 * |x| / mean over unit vectors u of |<u, x>| = sqrt(pi) Gamma((dim + 1) / 2) / Gamma(dim / 2), by recurrence
 * from 1 in one dimension and pi / 2 in two.
 */
function lengthOverProjection(dim: number): number {
  let ratio = dim % 2 === 1 ? 1 : Math.PI / 2;
  for (let d = dim % 2 === 1 ? 1 : 2; d < dim; d += 2) ratio *= (d + 1) / d;
  return ratio;
}
