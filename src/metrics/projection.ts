import { FewstepError } from '../errors.js';
import { random } from '../rng/random.js';
import { timesTransposed } from './matrix-product.js';
import { countSamples, type Samples } from './samples.js';

/** Unit vectors to project on, [count * dim]. */
export interface Directions {
  count: number;
  dim: number;
  vectors: Float64Array;
}

/**
 * Directions that stand for all directions. In one dimension there is one; in two they are evenly spaced over
 * the half circle; in more they are random orthonormal sets, as many as it takes, because orthogonal
 * directions estimate a mean over the sphere with less noise than independent ones (Rowland et al.,
 * Orthogonal estimation of Wasserstein distances, 2019).
 */
export function projectionDirections(dim: number, projections: number, seed: number): Directions {
  if (!Number.isSafeInteger(projections) || projections < 1) {
    throw new FewstepError('bad-argument', `the number of projections is ${projections}`, 'give 1 or more');
  }
  if (dim === 1) return { count: 1, dim, vectors: Float64Array.of(1) };
  const source = random(seed);
  const vectors = new Float64Array(projections * dim);
  if (dim === 2) {
    const offset = source.uniform();
    for (let k = 0; k < projections; k++) {
      const angle = (Math.PI * (k + offset)) / projections;
      vectors.set([Math.cos(angle), Math.sin(angle)], 2 * k);
    }
  } else {
    for (let k = 0; k < projections; k++) {
      const vector = vectors.subarray(k * dim, (k + 1) * dim);
      for (let d = 0; d < dim; d++) vector[d] = source.normal();
      for (let other = k - (k % dim); other < k; other++) {
        removeComponent(vector, vectors.subarray(other * dim, (other + 1) * dim));
      }
      const length = Math.sqrt(dot(vector, vector));
      for (let d = 0; d < dim; d++) vector[d] /= length;
    }
  }
  return { count: projections, dim, vectors };
}

/**
 * The samples along each direction, each in increasing order.
 *
 * @returns one array of as many numbers as samples for each direction
 */
export function sortedProjections(samples: Samples, directions: Directions): Float64Array[] {
  const { dim, vectors } = directions;
  const count = countSamples(samples, dim);
  // Arithmetic on one kind of array keeps the product fast for both kinds of samples.
  const rows = samples instanceof Float64Array ? samples : Float64Array.from(samples);
  const projected = timesTransposed(vectors, rows, dim);
  return Array.from({ length: directions.count }, (_, k) =>
    projected.subarray(k * count, (k + 1) * count).sort(),
  );
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function removeComponent(vector: Float64Array, unit: Float64Array): void {
  const along = dot(vector, unit);
  for (let d = 0; d < vector.length; d++) vector[d] -= along * unit[d];
}
