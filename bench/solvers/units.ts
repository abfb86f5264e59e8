import type { DistributionReference } from '../../src/metrics/distribution-reference.js';
import type { Distances, Spread } from '../../src/report/results.js';

/** Distances to a reference in units of which one of its own is `scale`. */
export function referenceInUnits(reference: DistributionReference, scale: number): DistributionReference {
  return { ...reference, compare: (samples) => distancesInUnits(reference.compare(samples), scale) };
}

function distancesInUnits({ slicedWasserstein, energy, frechet }: Distances, scale: number): Distances {
  return {
    slicedWasserstein: slicedWasserstein * scale,
    energy: energy * scale,
    frechet: frechet * scale ** 2, // a squared distance, as FID is
  };
}

export function spreadInUnits({ median, p95, max }: Spread, scale: number): Spread {
  return { median: median * scale, p95: p95 * scale, max: max * scale };
}
