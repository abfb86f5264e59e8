import { frechetDistance, frechetReference } from './frechet.js';
import { projectionDirections, sortedProjections } from './projection.js';
import type { Samples } from './samples.js';
import { type SlicedOptions, slicedEnergyOf, slicedWassersteinOf } from './sliced.js';

/** Distances that need projections alone, which any dimension has at the cost of sorting. */
export interface SlicedDistances {
  /** See `slicedWassersteinOf`. */
  slicedWasserstein: number;
  /** Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo, 2013), from projections, not its root. */
  energy: number;
}

/** Distances between a set of samples and a reference distribution. */
export interface DistributionDistances extends SlicedDistances {
  /** See `frechetDistance`. */
  frechet: number;
}

/** Samples of a reference distribution, prepared for many comparisons. */
export interface DistributionReference<Distances = DistributionDistances> {
  dim: number;
  /** [count * dim] samples of the same dimension; their count may differ from the reference's. */
  compare(samples: Samples): Distances;
}

/**
 * Does all of the work on the reference that the sliced distances share: projections and sorting.
 *
 * @param samples [count * dim], at least one
 */
export function slicedReference(
  samples: Samples,
  dim: number,
  options: SlicedOptions = {},
): DistributionReference<SlicedDistances> {
  const { projections = 128, seed = 0 } = options;
  const directions = projectionDirections(dim, projections, seed);
  const projected = sortedProjections(samples, directions);
  return {
    dim,
    compare(candidates) {
      const candidatesProjected = sortedProjections(candidates, directions);
      return {
        slicedWasserstein: slicedWassersteinOf(candidatesProjected, projected),
        energy: slicedEnergyOf(candidatesProjected, projected, dim),
      };
    },
  };
}

/**
 * The same for all distances: moments and the root of the covariance besides, at the cost of dim^3.
 *
 * @param samples [count * dim], at least two
 */
export function distributionReference(
  samples: Samples,
  dim: number,
  options: SlicedOptions = {},
): DistributionReference {
  const sliced = slicedReference(samples, dim, options);
  const frechet = frechetReference(samples, dim);
  return {
    dim,
    compare: (candidates) => ({
      ...sliced.compare(candidates),
      frechet: frechetDistance(candidates, frechet, dim),
    }),
  };
}
