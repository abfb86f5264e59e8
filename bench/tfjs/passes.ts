import * as tf from '@tensorflow/tfjs-core';
import type { Gpu } from '../../src/gpu/gpu.js';
import { createTrainer, prepareForward } from '../mlp/passes.js';
import { type MlpShape, multiplyAdds } from '../mlp/shape.js';
import type { MlpSubject, PreparedSubject } from '../mlp/subject.js';
import { checkedDifference, finished } from './backend.js';
import { TfjsNetwork } from './network.js';

/** The same forward pass and training step as fewstep's, in TensorFlow.js. */
export function tfjsSubjects(gpu: Gpu, shape: MlpShape): MlpSubject[] {
  const { config } = shape;
  const [one, own] = [multiplyAdds(config, 'one'), multiplyAdds(config, 'each')];
  return [
    { name: 'tfjs forward', multiplyAdds: one, prepare: () => prepareTfjsForward(gpu, shape) },
    { name: 'tfjs training step', multiplyAdds: 3 * own, prepare: () => prepareTfjsTraining(gpu, shape) },
  ];
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
      await finished(gpu, last);
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
      await finished(gpu, network.weights);
    },
    destroy() {
      optimiser.dispose();
      network.destroy();
      tf.dispose(Object.values(given));
    },
  };
}
