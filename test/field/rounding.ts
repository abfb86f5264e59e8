import type { MixtureSpec } from '../../src/field/mixture.js';
import { fullStds, normalizedWeights } from '../../src/field/mixture.js';

/** Relative rounding of float32. */
export const EPSILON = 2 ** -24;

/** A mixture at one state: its posterior weights, and a bound on what float32 does to the logit of each. */
interface Posterior {
  variances: Float64Array;
  /** [K], summing to one. */
  weights: number[];
  /** [K] */
  errors: number[];
}

/**
 * A component's logit is a sum of `dim` terms: each may lose dim roundings of their sum, what float32 means and
 * states lose in their difference, and the absolute error of 2^-21 that WGSL allows a logarithm; the exponential
 * loses 3 + 2 |x| units.
 */
function posteriorOf(spec: MixtureSpec, x: Float64Array, sigma: number): Posterior {
  const { dim, means } = spec;
  const variances = fullStds(spec).map((std) => std * std);
  const noise = sigma * sigma;
  const logits: number[] = [];
  const errors: number[] = [];
  for (const [k, weight] of normalizedWeights(spec).entries()) {
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
  return { variances, weights: likelihoods.map((likelihood) => likelihood / total), errors };
}

/**
 * A bound on what float32 does to D(x, sigma) of a mixture, per dimension, to first order. A logit's error moves D
 * by the component's weight times its distance from D. The rest is roundings of the sums.
 */
export function roundingOfD(spec: MixtureSpec, x: Float64Array, sigma: number): Float64Array {
  const { dim, means } = spec;
  const { variances, weights, errors } = posteriorOf(spec, x, sigma);
  const noise = sigma * sigma;
  const average = mean(weights, errors);
  return Float64Array.from({ length: dim }, (_, d) => {
    const parts = weights.map((_, k) => {
      const [mean, variance] = [means[k * dim + d], variances[k * dim + d]];
      return {
        value: (variance * x[d] + noise * mean) / (variance + noise),
        kept: variance / (variance + noise),
        mean,
      };
    });
    const D = parts.reduce((sum, { value }, k) => sum + weights[k] * value, 0);
    return parts.reduce((sum, { value, kept, mean }, k) => {
      const moved = (errors[k] + average) * Math.abs(value - D);
      const summed = EPSILON * (12 + weights.length) * (kept * Math.abs(x[d]) + Math.abs(mean));
      return sum + weights[k] * (moved + summed);
    }, 0);
  });
}

/** A number of each component, with a bound on what float32 does to it. */
interface Rounded {
  values: number[];
  errors: number[];
}

/** The scores of a mixture's components at one state, and what float32 does to averages over the components. */
function roundedScores(spec: MixtureSpec, x: Float64Array, sigma: number) {
  const { dim, means } = spec;
  const { variances, weights, errors } = posteriorOf(spec, x, sigma);
  const inverse = (k: number, d: number) => 1 / (variances[k * dim + d] + sigma * sigma);
  // Each number is an own update of a running mean, which loses three roundings at each component.
  const own = 8 + 3 * weights.length;
  const scores = [...x.keys()].map((d): Rounded => {
    const values = weights.map((_, k) => (means[k * dim + d] - x[d]) * inverse(k, d));
    const lost = (k: number) => (Math.abs(x[d]) + 2 * Math.abs(means[k * dim + d])) * inverse(k, d);
    return { values, errors: values.map((value, k) => EPSILON * (lost(k) + own * Math.abs(value))) };
  });
  const average = mean(weights, errors);
  const expectation = ({ values, errors: lost }: Rounded) =>
    values.reduce(
      (sum, value, k) =>
        sum + weights[k] * ((errors[k] + average + EPSILON * own) * Math.abs(value) + lost[k]),
      0,
    );
  const covariance = (a: Rounded, b: Rounded) => {
    const [ofA, ofB] = [a, b].map(({ values }) => {
      const center = mean(weights, values);
      return values.map((value) => value - center);
    });
    const [sizeA, sizeB] = [ofA, ofB].map((values) => norm(weights, values));
    const moved = ofA.reduce(
      (sum, value, k) => sum + weights[k] * (errors[k] + average) * Math.abs(value * ofB[k]),
      0,
    );
    const lost = norm(weights, a.errors) * sizeB + sizeA * norm(weights, b.errors);
    return moved + lost + EPSILON * own * sizeA * sizeB;
  };
  return { weights, errors, inverse, own, scores, expectation, covariance };
}

/**
 * A bound on what float32 does to the drift x - D, per dimension: to the mean of the scores, which errors of the logits
 * move by a score's distance from it.
 */
export function roundingOfDrift(spec: MixtureSpec, x: Float64Array, sigma: number): Float64Array {
  const { weights, errors, own, scores } = roundedScores(spec, x, sigma);
  const average = mean(weights, errors);
  return Float64Array.from(scores, ({ values, errors: lost }) => {
    const center = mean(weights, values);
    const moved = values.map((value, k) => (errors[k] + average) * Math.abs(value - center));
    const rounded = values.map((value, k) => EPSILON * own * Math.abs(value) + lost[k]);
    return sigma * sigma * (mean(weights, moved) + mean(weights, rounded));
  });
}

/**
 * A bound on what float32 does to the divergence of the drift x - D: that of the scores' variances and of the
 * components' sum 1/v; and of E|g|^2 and |E g|^2 where a kernel subtracts these.
 */
export function roundingOfDivergence(
  spec: MixtureSpec,
  x: Float64Array,
  sigma: number,
  subtracts: boolean,
): number {
  const { weights, inverse, own, scores, expectation, covariance } = roundedScores(spec, x, sigma);
  const none = weights.map(() => 0);
  const bounds = scores.map((score, d) => {
    const narrow = { values: weights.map((_, k) => inverse(k, d)), errors: none };
    const square = norm(weights, score.values) ** 2;
    const subtracted =
      2 * norm(weights, score.errors) * norm(weights, score.values) + EPSILON * (own + x.length) * square;
    return expectation(narrow) + covariance(score, score) + (subtracts ? subtracted : 0);
  });
  return sigma * sigma * bounds.reduce((sum, bound) => sum + bound, 0) + EPSILON * own * x.length;
}

/**
 * The same of cotangent . D's gradient, [dim + 1], the last number being that to sigma. In the names of
 * src/field/mixture-gradient.ts: a score loses what float32 means and states lose in their difference, and what it
 * is itself a few times; the sums over dimensions lose `dim` roundings more. Covariances lose what their factors do
 * (Cauchy and Schwarz), and expectations what errors of the logits move them by.
 */
export function roundingOfGradient(
  spec: MixtureSpec,
  x: Float64Array,
  sigma: number,
  cotangent: Float64Array,
): Float64Array {
  const { dim } = spec;
  const { variances, weights } = posteriorOf(spec, x, sigma);
  const noise = sigma * sigma;
  const dims = [...x.keys()];
  const { inverse, own, scores, expectation, covariance } = roundedScores(spec, x, sigma);
  const overDims = (term: (d: number, k: number) => Rounded): Rounded => {
    const values = weights.map((_, k) => dims.reduce((sum, d) => sum + term(d, k).values[0], 0));
    const lost = weights.map((_, k) =>
      dims.reduce((sum, d) => {
        const { values, errors } = term(d, k);
        return sum + errors[0] + EPSILON * (dim + own) * Math.abs(values[0]);
      }, 0),
    );
    return { values, errors: lost };
  };
  const scaled = (d: number, k: number, factor: number): Rounded => ({
    values: [factor * scores[d].values[k]],
    errors: [Math.abs(factor) * scores[d].errors[k]],
  });
  const kept = (d: number, k: number) => variances[k * dim + d] * inverse(k, d) * cotangent[d];
  const along = overDims((d, k) => scaled(d, k, cotangent[d]));
  const alongKept = overDims((d, k) => scaled(d, k, kept(d, k)));
  const squares = overDims((d, k) => scaled(d, k, 2 * scores[d].values[k]));
  const determinants = weights.map((_, k) => dims.reduce((sum, d) => sum + inverse(k, d), 0));
  const slope: Rounded = {
    values: squares.values.map((value, k) => value / 2 - determinants[k]),
    // Where all components share the determinant, no kernel subtracts it.
    errors: squares.errors.map((error, k) =>
      spec.stds.length === 1 ? error : error + EPSILON * (dim + own) * determinants[k],
    ),
  };

  const none = weights.map(() => 0);
  // Exponentials below 2^-126 are zero, and what they multiply is at most some 1e12 at the smallest sigma.
  const vanished = 1e-25;
  const toX = dims.map((d) => {
    const part = { values: weights.map((_, k) => kept(d, k)), errors: none };
    return vanished + expectation(part) + noise * covariance(along, scores[d]);
  });
  const toSigma = sigma * (2 * expectation(alongKept) + noise * covariance(along, slope));
  return Float64Array.of(...toX, vanished + toSigma);
}

function mean(weights: number[], values: number[]): number {
  return values.reduce((sum, value, k) => sum + weights[k] * value, 0);
}

function norm(weights: number[], values: number[]): number {
  return Math.sqrt(values.reduce((sum, value, k) => sum + weights[k] * value * value, 0));
}
