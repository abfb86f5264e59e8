import type { Denoise } from './field.js';
import { type MixtureSpec, normalizedWeights, stdStrides } from './mixture.js';

/** D of a mixture in float64. */
export function denoiseMixture(spec: MixtureSpec): Denoise {
  const { dim, means, stds } = spec;
  // Not one a component and dimension unless the mixture has them: a data set may have 60,000 x 784.
  const variances = stds.map((std) => std * std);
  const { component, dimension } = stdStrides(spec);
  const likelihoods = mixtureLikelihoods(spec);
  return (x, sigma, out) => {
    const noise = sigma * sigma;
    let total = 0;
    out.fill(0);
    for (const [k, weight] of likelihoods(x, noise).entries()) {
      if (weight === 0) continue;
      total += weight;
      for (let d = 0; d < dim; d++) {
        const variance = variances[k * component + d * dimension];
        out[d] += (weight * (variance * x[d] + noise * means[k * dim + d])) / (variance + noise);
      }
    }
    for (let d = 0; d < dim; d++) out[d] /= total;
  };
}

/** The components' posterior weights [K] at a state under noise of that variance, relative to the largest. */
export function mixtureLikelihoods(spec: MixtureSpec): (x: Float64Array, noise: number) => Float64Array {
  const { dim, means, stds } = spec;
  const logWeights = normalizedWeights(spec).map(Math.log);
  const variances = stds.map((std) => std * std);
  const { component, dimension } = stdStrides(spec);
  const logitOf = (k: number, x: Float64Array, noise: number) => {
    let [distance, logDeterminant] = [0, 0];
    let spread = variances[k * component] + noise;
    for (let d = 0; d < dim; d++) {
      if (dimension === 1) {
        spread = variances[k * component + d] + noise;
        logDeterminant += Math.log(spread);
      }
      distance += (x[d] - means[k * dim + d]) ** 2 / spread;
    }
    return logWeights[k] - 0.5 * (distance + (dimension === 1 ? logDeterminant : dim * Math.log(spread)));
  };
  return (x, noise) => {
    const logits = logWeights.map((_, k) => logitOf(k, x, noise));
    const top = logits.reduce((max, logit) => Math.max(max, logit), -Infinity);
    return logits.map((logit) => Math.exp(logit - top));
  };
}
