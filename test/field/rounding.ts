import type { MixtureSpec } from '../../src/field/mixture.js';
import { fullStds, normalizedWeights } from '../../src/field/mixture.js';

/** Relative rounding of float32. */
export const EPSILON = 2 ** -24;

/**
 * A bound on what float32 does to D(x, sigma) of a mixture, per dimension, to first order. A component's logit is
 * a sum of `dim` terms: each may lose dim roundings of their sum, what float32 means and states lose in their
 * difference, and the absolute error of 2^-21 that WGSL allows a logarithm; the exponential loses 3 + 2 |x| units.
 * A logit's error moves D by the component's weight times its distance from D. The rest is roundings of the sums.
 */
export function roundingOfD(spec: MixtureSpec, x: Float64Array, sigma: number): Float64Array {
  const { dim, means } = spec;
  const weights = normalizedWeights(spec);
  const variances = fullStds(spec).map((std) => std * std);
  const noise = sigma * sigma;
  const logits: number[] = [];
  const errors: number[] = [];
  for (const [k, weight] of weights.entries()) {
    let [logit, size, difference] = [Math.log(weight), Math.abs(Math.log(weight)), 0];
    for (let d = 0; d < dim; d++) {
      const [mean, variance] = [means[k * dim + d], variances[k * dim + d]];
      const delta = x[d] - mean;
      const distance = delta ** 2 / (variance + noise) / 2;
      const determinant = Math.log((variance + noise) / noise) / 2;
      logit -= distance + determinant;
      size += distance + (spec.stds.length === 1 ? 0 : determinant);
      difference += (Math.abs(delta) * (Math.abs(x[d]) + 2 * Math.abs(mean))) / (variance + noise);
    }
    logits.push(logit);
    const logarithms = spec.stds.length === 1 ? 0 : (dim * 8) / 2;
    errors.push(EPSILON * ((dim + 12) * size + difference + logarithms));
  }
  const top = Math.max(...logits);
  const likelihoods = logits.map((logit) => Math.exp(logit - top));
  const total = likelihoods.reduce((sum, likelihood) => sum + likelihood, 0);
  for (const [k, logit] of logits.entries()) errors[k] += EPSILON * 2 * (3 + 2 * (top - logit));
  const average = errors.reduce((sum, error, k) => sum + (error * likelihoods[k]) / total, 0);

  return Float64Array.from({ length: dim }, (_, d) => {
    const part = (k: number) => {
      const [mean, variance] = [means[k * dim + d], variances[k * dim + d]];
      return {
        value: (variance * x[d] + noise * mean) / (variance + noise),
        kept: variance / (variance + noise),
        mean,
      };
    };
    const parts = logits.map((_, k) => part(k));
    const D = parts.reduce((sum, { value }, k) => sum + (likelihoods[k] / total) * value, 0);
    return parts.reduce((sum, { value, kept, mean }, k) => {
      const moved = (errors[k] + average) * Math.abs(value - D);
      const summed = EPSILON * (12 + logits.length) * (kept * Math.abs(x[d]) + Math.abs(mean));
      return sum + (likelihoods[k] / total) * (moved + summed);
    }, 0);
  });
}
