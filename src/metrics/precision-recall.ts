import { countSamples, type Samples } from './samples.js';

export interface PrecisionRecall {
  /** Share of the samples that lie where real ones do: within the k-th nearest neighbour's distance of one of these. */
  precision: number;
  /** Share of the real ones that lie where samples do. */
  recall: number;
}

/** As published. */
const NEIGHBOURS = 3;

/**
 * Improved precision and recall (Kynkaanniemi et al., arXiv 1904.06991) in the space of the data: what distances between
 * distributions say little of, samples that fill the gaps between those they should be like, lessens precision. Compare
 * only figures of the same numbers of samples. The work is the square of these.
 *
 * @param samples, real [count * dim], more of each than `neighbours`; their counts may differ
 * @throws FewstepError as `countSamples`
 */
export function precisionRecall(
  samples: Samples,
  real: Samples,
  dim: number,
  neighbours = NEIGHBOURS,
): PrecisionRecall {
  return {
    precision: shareWithin(samples, real, squaredRadii(real, dim, neighbours), dim),
    recall: shareWithin(real, samples, squaredRadii(samples, dim, neighbours), dim),
  };
}

/** Squared distance of each sample to its k-th nearest among the others. */
function squaredRadii(samples: Samples, dim: number, neighbours: number): Float64Array {
  const count = countSamples(samples, dim, neighbours + 1);
  const nearest = new Float64Array(neighbours);
  return Float64Array.from({ length: count }, (_, i) => {
    nearest.fill(Number.POSITIVE_INFINITY);
    for (let j = 0; j < count; j++) {
      if (j !== i) insert(nearest, squaredDistance(samples, i, samples, j, dim));
    }
    return nearest[neighbours - 1];
  });
}

/** Puts a value into the smallest few, in increasing order, if it is one of them. */
function insert(smallest: Float64Array, value: number): void {
  let at = smallest.length - 1;
  if (!(value < smallest[at])) return;
  for (; at > 0 && value < smallest[at - 1]; at--) smallest[at] = smallest[at - 1];
  smallest[at] = value;
}

function shareWithin(points: Samples, centres: Samples, radii: Float64Array, dim: number): number {
  const count = countSamples(points, dim);
  let inside = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < radii.length; j++) {
      if (squaredDistance(points, i, centres, j, dim) > radii[j]) continue;
      inside++;
      break;
    }
  }
  return inside / count;
}

function squaredDistance(a: Samples, i: number, b: Samples, j: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) {
    const difference = a[i * dim + d] - b[j * dim + d];
    sum += difference * difference;
  }
  return sum;
}
