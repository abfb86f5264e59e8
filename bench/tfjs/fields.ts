import * as tf from '@tensorflow/tfjs-core';
import { type MixtureSpec, normalizedWeights, stdStrides } from '../../src/field/mixture.js';
import type { SamplingSource } from '../sampling/subjects.js';
import { TfjsNetwork } from './network.js';

/** D of states [batch, dim] at the noise levels that it was made for. */
export interface TfjsField {
  denoised(x: tf.Tensor2D, sigma: number): tf.Tensor2D;
  destroy(): void;
}

/** A field in TensorFlow.js, of what does not depend on the state made once for each of the levels. */
export function tfjsField(source: SamplingSource, sigmas: readonly number[]): TfjsField {
  return source.kind === 'mixture' ? mixtureByProducts(source.spec, sigmas) : network(source, sigmas);
}

function network(source: Extract<SamplingSource, { kind: 'network' }>, sigmas: readonly number[]): TfjsField {
  const network = new TfjsNetwork(source);
  const levels = new Map(sigmas.map((sigma) => [sigma, tf.tensor2d([sigma], [1, 1])]));
  return {
    denoised: (x, sigma) => network.denoised(x, levels.get(sigma)!) as tf.Tensor2D,
    destroy() {
      network.destroy();
      tf.dispose([...levels.values()]);
    },
  };
}

/** What both forms of a mixture need of a level, [1, K] or [K, dim]. */
interface Level {
  /** -1 / (2 v), v = s^2 + sigma^2. */
  scale: tf.Tensor2D;
  /** Logarithms of what stands before the exponentials. */
  constant: tf.Tensor2D;
  /** s^2 / v as [K, 1]. */
  kept: tf.Tensor2D;
  /** sigma^2 mu / v. */
  pull: tf.Tensor2D;
  /** mu^T / v, [dim, K], and the constant less |mu|^2 / (2 v). */
  products: tf.Tensor2D;
  shift: tf.Tensor1D;
}

/**
 * |x - mu|^2 multiplied out, so that both sweeps over the components are products of matrices:
 * r = softmax(|x|^2 scale + x mu^T / v + shift), D = x (r s^2 / v) + r (sigma^2 mu / v).
 * Of components of one width |x|^2 cancels, and s^2 / v comes out of the sum.
 */
function mixtureByProducts(spec: MixtureSpec, sigmas: readonly number[]): TfjsField {
  const levels = levelsOf(spec, sigmas);
  const one = spec.stds.every((std) => std === spec.stds[0]);
  const width = spec.stds[0] ** 2;
  return {
    denoised(x, sigma) {
      const { scale, shift, products, kept, pull } = levels.get(sigma)!;
      const logits = tf.fused.matMul({ a: x, b: products, bias: shift });
      if (one) {
        const pulled = tf.matMul(tf.softmax(logits), pull);
        if (width === 0) return pulled as tf.Tensor2D;
        return tf.add(tf.mul(x, width / (width + sigma ** 2)), pulled);
      }
      const squares = tf.sum(tf.square(x), 1, true);
      const weights = tf.softmax(tf.add(logits, tf.mul(squares, scale))) as tf.Tensor2D;
      return tf.add(tf.mul(x, tf.matMul(weights, kept)), tf.matMul(weights, pull));
    },
    destroy: () => tf.dispose([...levels.values()].flatMap((level) => Object.values(level))),
  };
}

/** Distances from differences, [batch, K, dim] of them. */
export function mixtureByDifferences(spec: MixtureSpec, sigmas: readonly number[]): TfjsField {
  const levels = levelsOf(spec, sigmas);
  const means = tf.tensor3d(Float32Array.from(spec.means), [1, spec.weights.length, spec.dim]);
  return {
    denoised(x, sigma) {
      const { scale, constant, kept, pull } = levels.get(sigma)!;
      const distances = tf.sum(tf.squaredDifference(tf.expandDims(x, 1), means), 2);
      const weights = tf.softmax(tf.add(tf.mul(distances, scale), constant)) as tf.Tensor2D;
      return tf.add(tf.mul(x, tf.matMul(weights, kept)), tf.matMul(weights, pull));
    },
    destroy: () => tf.dispose([means, ...[...levels.values()].flatMap((level) => Object.values(level))]),
  };
}

/** Made in float64, rounded once. @throws Error for widths that differ by dimension, which no subject has */
function levelsOf(spec: MixtureSpec, sigmas: readonly number[]): Map<number, Level> {
  const { dim, means, stds } = spec;
  const { component, dimension } = stdStrides(spec);
  if (dimension === 1) throw new Error('a width for each dimension is not written here');
  const logs = normalizedWeights(spec).map(Math.log);
  const count = logs.length;
  const squares = logs.map((_, k) =>
    means.subarray(k * dim, (k + 1) * dim).reduce((sum, m) => sum + m * m, 0),
  );
  const variances = logs.map((_, k) => stds[k * component] ** 2);
  return new Map(
    sigmas.map((sigma) => {
      const noise = sigma ** 2;
      const spreads = variances.map((variance) => variance + noise);
      const constants = logs.map((log, k) => log - (dim / 2) * Math.log(spreads[k]));
      const row = (values: Float64Array) => tf.tensor2d(Float32Array.from(values), [1, count]);
      const pull = means.map((mean, i) => (noise * mean) / spreads[Math.floor(i / dim)]);
      const products = Float32Array.from({ length: dim * count }, (_, i) => {
        const [d, k] = [Math.floor(i / count), i % count];
        return means[k * dim + d] / spreads[k];
      });
      const level: Level = {
        scale: row(spreads.map((spread) => -0.5 / spread)),
        constant: row(constants),
        kept: tf.tensor2d(Float32Array.from(variances.map((variance, k) => variance / spreads[k])), [
          count,
          1,
        ]),
        pull: tf.tensor2d(Float32Array.from(pull), [count, dim]),
        products: tf.tensor2d(products, [dim, count]),
        shift: tf.tensor1d(
          Float32Array.from(constants.map((constant, k) => constant - squares[k] / (2 * spreads[k]))),
        ),
      };
      return [sigma, level];
    }),
  );
}
