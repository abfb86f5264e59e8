import type { DenoiseGradient } from './field.js';
import { type MixtureSpec, stdStrides } from './mixture.js';
import { mixtureLikelihoods } from './mixture-denoise.js';

/**
 * The gradient of cotangent . D of a mixture in float64. With v = s^2 + sigma^2 and the score of component k,
 * g = (mean - x) / v, D = x + sigma^2 E[g], expectations and covariances being over components with their posterior
 * weights, whose logits have the derivatives g to x and sigma (|g|^2 - sum 1/v) to sigma:
 *
 *   to x:      E[s^2/v c] + sigma^2 Cov[c.g, g]
 *   to sigma:  2 sigma E[s^2/v c.g] + sigma^3 Cov[c.g, |g|^2 - sum 1/v]
 *
 * The Jacobian is the posterior covariance over sigma^2, hence symmetric.
 */
export function mixtureGradient(spec: MixtureSpec): DenoiseGradient {
  const { dim, means, stds } = spec;
  const variances = stds.map((std) => std * std);
  const { component, dimension } = stdStrides(spec);
  const likelihoods = mixtureLikelihoods(spec);
  return (x, sigma, cotangent, out) => {
    const noise = sigma * sigma;
    const likelihood = likelihoods(x, noise);
    const total = likelihood.reduce((sum, weight) => sum + weight, 0);
    const near = [...likelihood.keys()].filter((k) => likelihood[k] > 0);
    const parts = near.map((k) => {
      const score = new Float64Array(dim);
      const kept = new Float64Array(dim);
      let [along, alongKept, slope] = [0, 0, 0];
      for (let d = 0; d < dim; d++) {
        const variance = variances[k * component + d * dimension];
        const spread = variance + noise;
        score[d] = (means[k * dim + d] - x[d]) / spread;
        kept[d] = (variance / spread) * cotangent[d];
        along += cotangent[d] * score[d];
        alongKept += kept[d] * score[d];
        slope += score[d] ** 2 - 1 / spread;
      }
      return { weight: likelihood[k] / total, score, kept, along, alongKept, slope };
    });
    // Covariances about the means: at large sigma all scores are nearly the same.
    const meanScore = new Float64Array(dim);
    let [meanAlong, meanSlope] = [0, 0];
    for (const { weight, score, along, slope } of parts) {
      for (let d = 0; d < dim; d++) meanScore[d] += weight * score[d];
      meanAlong += weight * along;
      meanSlope += weight * slope;
    }
    out.fill(0);
    let toSigma = 0;
    for (const { weight, score, kept, along, alongKept, slope } of parts) {
      const spread = noise * (along - meanAlong);
      for (let d = 0; d < dim; d++) out[d] += weight * (kept[d] + spread * (score[d] - meanScore[d]));
      toSigma += weight * sigma * (2 * alongKept + spread * (slope - meanSlope));
    }
    return toSigma;
  };
}
