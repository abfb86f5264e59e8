import { type MixtureSpec, normalizedWeights, stdStrides } from '../field/mixture.js';

/** The density of noised data at one state, in closed form: a solution of the heat equation. */
export interface HeatState {
  /** ln p_sigma(x), nats. */
  logDensity: number;
  /** Gradient of ln p_sigma, [dim]. */
  score: Float64Array;
  /** Laplacian of p_sigma, over p_sigma: div score + |score|^2. */
  relativeLaplacian: number;
}

/**
 * The heat-equation view of the diffusion: p_sigma = p_0 * N(0, sigma^2) solves dp/dt = D_t Laplacian p with the
 * diffusivity D_t = sigma sigma', and the ODE dx/dt = -D_t grad ln p carries its mass (Fick's law). For a mixture all of
 * it has a closed form, here in float64. With v = s^2 + sigma^2 and g = (mean - x) / v of each component,
 *
 *   p = E_prior[N(x; mean, v)],  grad ln p = E[g],  Laplacian p / p = E[|g|^2 - sum 1/v]
 *
 * expectations being over components with their posterior weights.
 * @returns a function of a state [dim] and a noise level sigma
 * @throws FewstepError bad-shape where the mixture's stds are not 1, K or K dim
 */
export function heatOf(spec: MixtureSpec): (x: Float64Array, sigma: number) => HeatState {
  const { dim, means, stds } = spec;
  const logWeights = normalizedWeights(spec).map(Math.log);
  const variances = stds.map((std) => std * std);
  const { component, dimension } = stdStrides(spec);
  return (x, sigma) => {
    const spread = (k: number, d: number) => variances[k * component + d * dimension] + sigma * sigma;
    const logits = logWeights.map((logit, k) => {
      let sum = 0;
      for (let d = 0; d < dim; d++) {
        const v = spread(k, d);
        sum += (x[d] - means[k * dim + d]) ** 2 / v + Math.log(2 * Math.PI * v);
      }
      return logit - 0.5 * sum;
    });
    const top = logits.reduce((max, logit) => Math.max(max, logit), -Infinity);
    const likelihoods = logits.map((logit) => Math.exp(logit - top));
    const total = likelihoods.reduce((sum, likelihood) => sum + likelihood, 0);
    const score = new Float64Array(dim);
    let relativeLaplacian = 0;
    for (const [k, likelihood] of likelihoods.entries()) {
      if (likelihood === 0) continue;
      for (let d = 0; d < dim; d++) {
        const v = spread(k, d);
        const g = (means[k * dim + d] - x[d]) / v;
        score[d] += (likelihood / total) * g;
        relativeLaplacian += (likelihood / total) * (g * g - 1 / v);
      }
    }
    return { logDensity: top + Math.log(total), score, relativeLaplacian };
  };
}

/**
 * ln p_sigma of noised data at states [rows, dim], [rows] in nats: what the flow's log-density of an exact field is to
 * be.
 * @throws FewstepError bad-shape where the mixture's stds are not 1, K or K dim
 */
export function exactLogDensity(spec: MixtureSpec, states: ArrayLike<number>, sigma: number): Float64Array {
  const { dim } = spec;
  const heat = heatOf(spec);
  return Float64Array.from({ length: states.length / dim }, (_, row) => {
    const x = Float64Array.from({ length: dim }, (_, d) => states[row * dim + d]);
    return heat(x, sigma).logDensity;
  });
}
