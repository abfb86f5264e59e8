import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import type { Gpu } from '../src/gpu/gpu.js';
import { frequencies } from '../src/mlp/config.js';
import { flatParameters, storedParameters } from '../src/mlp/stored-parameters.js';
import { createTrainer, prepareForward } from './mlp-passes.js';
import { type MlpShape, multiplyAdds } from './mlp-shape.js';
import type { MlpSubject, PreparedSubject } from './mlp-subject.js';

export const TFJS_PACKAGES = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu'];

/** Further apart than that, two libraries do not compute the same: WGSL's cos alone may be off by 2^-11. */
const TOLERANCE = 1e-3;

/** Lets TensorFlow.js work on this very device, so that both are timed on one adapter. */
export async function startTfjs({ device }: Gpu): Promise<void> {
  // The backend asks whether there is a navigator.gpu, and takes the device that it is given.
  const navigator = { gpu: {}, userAgent: 'Node.js' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, device.adapterInfo));
  if (!(await tf.setBackend('webgpu'))) throw new Error('its WebGPU backend does not start on this device');
}

/** The same forward pass and training step as fewstep's, in TensorFlow.js. */
export function tfjsSubjects(gpu: Gpu, shape: MlpShape): MlpSubject[] {
  const { config } = shape;
  const [one, own] = [multiplyAdds(config, 'one'), multiplyAdds(config, 'each')];
  return [
    { name: 'tfjs forward', multiplyAdds: one, prepare: () => prepareTfjsForward(gpu, shape) },
    { name: 'tfjs training step', multiplyAdds: 3 * own, prepare: () => prepareTfjsTraining(gpu, shape) },
  ];
}

class TfjsNetwork {
  private readonly variables: Map<string, tf.Variable>;
  private readonly turns: tf.Tensor;

  constructor(private readonly shape: MlpShape) {
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

async function prepareTfjsForward(gpu: Gpu, shape: MlpShape): Promise<PreparedSubject> {
  const { config, batch, x, sigma } = shape;
  const network = new TfjsNetwork(shape);
  const states = tf.tensor2d(x, [batch, config.dim]);
  const level = tf.tensor2d([sigma], [1, 1]);
  const evaluate = () => tf.tidy(() => network.denoised(states, level));
  const ours = await prepareForward(gpu, shape, 'f32');
  await ours.run(1);
  const denoised = evaluate();
  const D = checkedDifference('D', await denoised.data(), await ours.denoised());
  denoised.dispose();
  ours.destroy();
  return {
    differences: { D },
    async run(count) {
      for (let i = 1; i < count; i++) evaluate().dispose();
      const last = evaluate();
      await finished(last);
      last.dispose();
    },
    destroy() {
      network.destroy();
      tf.dispose([states, level]);
    },
  };
}

/** Steps with Adam on one batch, which costs TensorFlow.js no draws, no averages and no norms. */
async function prepareTfjsTraining(gpu: Gpu, shape: MlpShape): Promise<PreparedSubject> {
  const { config, batch } = shape;
  const trainer = await createTrainer(gpu, shape);
  trainer.submit(1);
  const drawn = await trainer.lastBatch();
  trainer.destroy();
  const network = new TfjsNetwork(shape);
  const states = (values: ArrayLike<number>) => tf.tensor2d(Float32Array.from(values), [batch, config.dim]);
  const column = (values: ArrayLike<number>) => tf.tensor2d(Float32Array.from(values), [batch, 1]);
  const given = {
    clean: states(drawn.clean),
    noisy: states(drawn.noisy),
    sigma: column(drawn.sigma),
    weight: column(drawn.weight),
  };
  const first = network.gradients(given);
  const gradient = checkedDifference('gradient', await network.flat(first.grads), drawn.gradient);
  tf.dispose([first.value, first.grads]);
  const optimiser = tf.train.adam(1e-3);
  return {
    differences: { gradient },
    async run(count) {
      for (let i = 0; i < count; i++) {
        const { value, grads } = network.gradients(given);
        optimiser.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
        tf.dispose([value, grads]);
      }
      await finished(network.weights);
    },
    destroy() {
      optimiser.dispose();
      network.destroy();
      tf.dispose(Object.values(given));
    },
  };
}

/** TensorFlow.js submits when something is read: one number of the last result. */
async function finished(last: tf.Tensor): Promise<void> {
  const number = tf.slice(last, [0, 0], [1, 1]);
  await number.data();
  number.dispose();
}

function checkedDifference(what: string, theirs: ArrayLike<number>, ours: Float32Array): number {
  const square = (next: (i: number) => number) => ours.reduce((sum, _, i) => sum + next(i) ** 2, 0);
  const difference = Math.sqrt(square((i) => theirs[i] - ours[i]) / square((i) => ours[i]));
  if (difference < TOLERANCE) return difference;
  throw new Error(`its ${what} is ${difference.toExponential(1)} away from fewstep's: it computes another`);
}
