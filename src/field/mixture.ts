import { FewstepError } from '../errors.js';

/** A Gaussian mixture with diagonal covariances. Its diffusion field is known in closed form. */
export interface MixtureSpec {
  kind: 'gaussian-mixture';
  /** [K], positive; they need not sum to one. */
  weights: Float64Array;
  /** [K * dim], row-major. */
  means: Float64Array;
  /** [1] shared by all components, [K] one per component, or [K * dim]. */
  stds: Float64Array;
  dim: number;
}

/** The K weights of a mixture, scaled to sum to one. */
export function normalizedWeights(mixture: MixtureSpec): Float64Array {
  const total = mixture.weights.reduce((sum, weight) => sum + weight, 0);
  return mixture.weights.map((weight) => weight / total);
}

/**
 * Where the standard deviation of a component k in dimension d stands, whichever of the three shapes a mixture
 * stores: at k * component + d * dimension.
 */
export function stdStrides({ weights, stds, dim }: MixtureSpec): { component: number; dimension: 0 | 1 } {
  const components = weights.length;
  if (stds.length === components * dim) return { component: dim, dimension: 1 };
  if (stds.length === 1) return { component: 0, dimension: 0 };
  if (stds.length === components) return { component: 1, dimension: 0 };
  throw new FewstepError(
    'bad-shape',
    `the mixture of ${components} components in ${dim} dimensions has ${stds.length} standard deviations`,
    `give 1, ${components} or ${components * dim} of them`,
  );
}

/** The standard deviations of a mixture as [K * dim]. */
export function fullStds(mixture: MixtureSpec): Float64Array {
  const { weights, stds, dim } = mixture;
  const { component, dimension } = stdStrides(mixture);
  return Float64Array.from(
    { length: weights.length * dim },
    (_, i) => stds[Math.floor(i / dim) * component + (i % dim) * dimension],
  );
}

/** Mean of the mixture, [dim]. */
export function mixtureMean(mixture: MixtureSpec): Float64Array {
  const { means, dim } = mixture;
  const mean = new Float64Array(dim);
  normalizedWeights(mixture).forEach((weight, k) => {
    for (let d = 0; d < dim; d++) mean[d] += weight * means[k * dim + d];
  });
  return mean;
}

/** Variance of the mixture in each dimension, [dim]. */
export function mixtureVariances(mixture: MixtureSpec): Float64Array {
  const { means, stds, dim } = mixture;
  const mean = mixtureMean(mixture);
  const { component, dimension } = stdStrides(mixture);
  const variances = new Float64Array(dim);
  normalizedWeights(mixture).forEach((weight, k) => {
    for (let d = 0; d < dim; d++) {
      const std = stds[k * component + d * dimension];
      variances[d] += weight * ((means[k * dim + d] - mean[d]) ** 2 + std ** 2);
    }
  });
  return variances;
}

/** Covariance of the mixture, [dim * dim]: the mean of the components' variances and the spread of means. */
export function mixtureCovariance(mixture: MixtureSpec): Float64Array {
  const { means, dim } = mixture;
  const mean = mixtureMean(mixture);
  const stds = fullStds(mixture);
  const covariance = new Float64Array(dim * dim);
  normalizedWeights(mixture).forEach((weight, k) => {
    for (let row = 0; row < dim; row++) {
      const spread = weight * (means[k * dim + row] - mean[row]);
      for (let column = 0; column < dim; column++) {
        covariance[row * dim + column] += spread * (means[k * dim + column] - mean[column]);
      }
      covariance[row * dim + row] += weight * stds[k * dim + row] ** 2;
    }
  });
  return covariance;
}
