import { timesTransposed } from './matrix-product.js';
import { countSamples, type Samples } from './samples.js';

export interface Moments {
  dim: number;
  /** [dim] */
  mean: Float64Array;
  /** [dim * dim], with the divisor count - 1. */
  covariance: Float64Array;
}

/**
 * Sample mean and unbiased sample covariance.
 *
 * @throws FewstepError `bad-shape` for fewer than two samples, `not-finite`
 */
export function sampleMoments(samples: Samples, dim: number): Moments {
  const count = countSamples(samples, dim, 2);
  const mean = new Float64Array(dim);
  for (let i = 0; i < samples.length; i += dim) {
    for (let d = 0; d < dim; d++) mean[d] += samples[i + d];
  }
  for (let d = 0; d < dim; d++) mean[d] /= count;

  const centred = new Float64Array(dim * count);
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < dim; d++) centred[d * count + i] = samples[i * dim + d] - mean[d];
  }
  const covariance = timesTransposed(centred, centred, count, true);
  for (let i = 0; i < covariance.length; i++) covariance[i] /= count - 1;
  return { dim, mean, covariance };
}
