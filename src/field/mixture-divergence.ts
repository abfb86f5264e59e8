import type { Divergence } from './field.js';
import { type MixtureSpec, stdStrides } from './mixture.js';
import { mixtureLikelihoods } from './mixture-denoise.js';

/**
 * The drift of a mixture and its divergence in float64. In the names of mixture-gradient.ts, v = s^2 + sigma^2 and the
 * score of component k is g = (mean - x) / v:
 *
 *   x - D = -sigma^2 E[g],   div (x - D) = E[sum sigma^2/v] - sigma^2 tr Cov[g]
 */
export function mixtureDivergence(spec: MixtureSpec): Divergence {
  const { dim, means, stds } = spec;
  const variances = stds.map((std) => std * std);
  const { component, dimension } = stdStrides(spec);
  const likelihoods = mixtureLikelihoods(spec);
  return (x, sigma, drift) => {
    const noise = sigma * sigma;
    const likelihood = likelihoods(x, noise);
    const total = likelihood.reduce((sum, weight) => sum + weight, 0);
    const near = [...likelihood.keys()].filter((k) => likelihood[k] > 0);
    const score = (k: number, d: number) =>
      (means[k * dim + d] - x[d]) / (variances[k * component + d * dimension] + noise);
    const mean = new Float64Array(dim);
    let narrow = 0;
    for (const k of near) {
      const weight = likelihood[k] / total;
      for (let d = 0; d < dim; d++) {
        mean[d] += weight * score(k, d);
        narrow += weight / (variances[k * component + d * dimension] + noise);
      }
    }
    // About the mean: at large sigma all scores are nearly the same.
    let covariance = 0;
    for (const k of near) {
      for (let d = 0; d < dim; d++) covariance += (likelihood[k] / total) * (score(k, d) - mean[d]) ** 2;
    }
    for (let d = 0; d < dim; d++) drift[d] = -noise * mean[d];
    return noise * (narrow - covariance);
  };
}
