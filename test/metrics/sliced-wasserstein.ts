import { projectionDirections, sortedProjections } from '../../src/metrics/projection.js';
import type { Samples } from '../../src/metrics/samples.js';
import { type SlicedOptions, slicedWassersteinOf } from '../../src/metrics/sliced.js';

/** Of two sets of samples, [count * dim]. */
export function slicedWasserstein(a: Samples, b: Samples, dim: number, options: SlicedOptions = {}): number {
  const { projections = 128, seed = 0 } = options;
  const directions = projectionDirections(dim, projections, seed);
  return slicedWassersteinOf(sortedProjections(a, directions), sortedProjections(b, directions));
}
