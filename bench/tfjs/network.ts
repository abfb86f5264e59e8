import * as tf from '@tensorflow/tfjs-core';
import { frequencies } from '../../src/mlp/config.js';
import { flatParameters, storedParameters } from '../../src/mlp/stored-parameters.js';
import type { MlpShape } from '../mlp/shape.js';

/** A network with fewstep's parameters in TensorFlow.js. */
export class TfjsNetwork {
  private readonly variables: Map<string, tf.Variable>;
  private readonly turns: tf.Tensor;

  constructor(private readonly shape: Pick<MlpShape, 'config' | 'parameters'>) {
    const { config, parameters } = shape;
    const named = storedParameters(config, parameters);
    this.variables = new Map(
      named.map(([name, { shape, values }]) => [name, tf.variable(tf.tensor(values, [...shape]))]),
    );
    const speeds = frequencies(config.embedding).map((turns) => 2 * Math.PI * turns);
    this.turns = tf.tensor2d(Float32Array.from(speeds), [1, speeds.length]);
  }

  /** D of states [batch, dim] at sigma [1, 1] or [batch, 1]. */
  denoised(x: tf.Tensor, sigma: tf.Tensor): tf.Tensor {
    const { layers, sigmaData } = this.shape.config;
    const spread = tf.add(tf.square(sigma), sigmaData ** 2);
    const root = tf.sqrt(spread);
    const angles = tf.mul(tf.mul(tf.log(sigma), 0.25), this.turns);
    const embedding = tf.concat([tf.cos(angles), tf.sin(angles)], 1);
    let input = tf.div(x, root);
    for (let layer = 0; layer < layers; layer++) {
      const z = this.layer(`layers.${layer}`, input, embedding);
      input = tf.mul(z, tf.sigmoid(z));
    }
    const output = this.layer('output', input, embedding);
    const skip = tf.mul(x, tf.div(sigmaData ** 2, spread));
    return tf.add(skip, tf.mul(output, tf.div(tf.mul(sigma, sigmaData), root)));
  }

  private layer(name: string, input: tf.Tensor, embedding: tf.Tensor): tf.Tensor {
    const [weight, time, bias] = ['weight', 'time', 'bias'].map((part) =>
      this.variables.get(`${name}.${part}`),
    ) as tf.Tensor[];
    const shift = tf.add(tf.matMul(embedding, time), bias);
    return embedding.shape[0] === 1
      ? tf.fused.matMul({ a: input, b: weight, bias: tf.reshape(shift, [-1]) })
      : tf.add(tf.matMul(input, weight), shift);
  }

  /** Gradients of EDM's loss over a batch. */
  gradients({ clean, noisy, sigma, weight }: Record<'clean' | 'noisy' | 'sigma' | 'weight', tf.Tensor>) {
    return tf.variableGrads(() => {
      const squares = tf.sum(tf.square(tf.sub(this.denoised(noisy, sigma), clean)), 1, true);
      return tf.mean(tf.mul(weight, squares)) as tf.Scalar;
    }, [...this.variables.values()]);
  }

  /** Gradients as fewstep's parameters lie in memory. */
  async flat(gradients: tf.NamedTensorMap): Promise<Float32Array> {
    const tensors = new Map<string, { shape: number[]; values: Float32Array }>();
    for (const [name, variable] of this.variables) {
      const { shape } = variable;
      const values = (await gradients[variable.name].data()) as Float32Array;
      tensors.set(name, { shape, values });
    }
    return flatParameters(this.shape.config, tensors, 'tfjs');
  }

  /** Of the output layer: every step changes them. */
  get weights(): tf.Tensor {
    return this.variables.get('output.weight')!;
  }

  destroy(): void {
    tf.dispose([...this.variables.values(), this.turns]);
  }
}
