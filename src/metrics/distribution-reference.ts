import { frechetDistance, frechetReference } from './frechet.js';
import { projectionDirections, sortedProjections } from './projection.js';
import type { Samples } from './samples.js';
import { type SlicedOptions, slicedEnergyOf, slicedWassersteinOf } from './sliced.js';

/** Distances between a set of samples and a reference distribution. */
export interface DistributionDistances {
  /** See `slicedWasserstein`. */
  slicedWasserstein: number;
  /** The energy distance from projections (see `slicedEnergyOf`), with every sample of both sides. */
  energy: number;
  /** See `frechetDistance`. */
  frechet: number;
}

/** Samples of a reference distribution, prepared for many comparisons. */
export interface DistributionReference {
  dim: number;
  /** [count * dim] samples of the same dimension; their count may differ from the reference's. */
  compare(samples: Samples): DistributionDistances;
}

/**
 * Does all of the work on the reference that the distances share: projections, sorting, moments and the root
 * of the covariance.
 *
 * @param samples [count * dim], at least two
 */
export function distributionReference(
  samples: Samples,
  dim: number,
  options: SlicedOptions = {},
): DistributionReference {
  const { projections = 128, seed = 0 } = options;
  const frechet = frechetReference(samples, dim);
  const directions = projectionDirections(dim, projections, seed);
  const projected = sortedProjections(samples, directions);
  return {
    dim,
    compare(candidates) {
      const candidatesProjected = sortedProjections(candidates, directions);
      return {
        slicedWasserstein: slicedWassersteinOf(candidatesProjected, projected),
        energy: slicedEnergyOf(candidatesProjected, projected, dim),
        frechet: frechetDistance(candidates, frechet, dim),
      };
    },
  };
}
