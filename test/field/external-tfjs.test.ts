import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTfjs } from '../../bench/tfjs/backend.js';
import { solve } from '../../src/execute/solve.js';
import { externalField } from '../../src/field/external.js';
import { parseProcess } from '../../src/process/built-in.js';
import { random } from '../../src/rng/random.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const DIM = 12;
const WIDTH = 32;
let weights: tf.Tensor2D[] = [];

beforeAll(async () => {
  await startTfjs(gpu);
  const source = random(seed);
  const matrix = (rows: number, columns: number) =>
    tf.tensor2d(
      Float32Array.from({ length: rows * columns }, () => source.normal() / Math.sqrt(rows)),
      [rows, columns],
    );
  weights = [matrix(DIM + 1, WIDTH), matrix(WIDTH, WIDTH), matrix(WIDTH, DIM)];
});
afterAll(() => {
  tf.dispose(weights);
});

/** A small network that predicts eps of x_t and t, with weights drawn at random. */
function network(x: tf.Tensor, t: tf.Tensor): tf.Tensor {
  const [first, second, last] = weights;
  const hidden = tf.tanh(tf.matMul(tf.concat([x, t], 1), first));
  return tf.matMul(tf.tanh(tf.matMul(hidden, second)), last);
}

test('a network of TensorFlow.js on the same device says as much by buffers as by arrays', async () => {
  const common = { dim: DIM, prediction: 'eps' as const, process: parseProcess('vp-linear'), most: 50 };
  const byArrays = externalField({
    ...common,
    async predict(states, times) {
      const eps = tf.tidy(() =>
        network(tf.tensor(states, [times.length, DIM]), tf.tensor(times, [times.length, 1])),
      );
      const values = await eps.data();
      eps.dispose();
      return values as Float32Array;
    },
  });
  let last: tf.GPUData | undefined;
  const byBuffers = externalField({
    ...common,
    predictOnDevice({ states, times, count }) {
      last?.tensorRef.dispose();
      const eps = tf.tidy(() =>
        network(
          tf.tensor({ buffer: states, zeroCopy: true }, [count, DIM]),
          tf.tensor({ buffer: times, zeroCopy: true }, [count, 1]),
        ),
      );
      last = eps.dataToGPU();
      eps.dispose();
      return last.buffer!;
    },
  });
  const plan = planFor({ solver: 'ipndm-3', nfe: 6, range: { sigmaMin: 0.02, sigmaMax: 80 } });
  const latents = { batch: 120, seed };
  const arrays = await solve(gpu, byArrays, plan, { latents });
  const buffers = await solve(gpu, byBuffers, plan, { latents });
  last?.tensorRef.dispose();
  expect(buffers.evaluations).toBe(6);
  const scale = Math.max(...arrays.samples.map(Math.abs));
  expect(scale).toBeGreaterThan(1);
  for (const [i, value] of arrays.samples.entries()) {
    expect(Math.abs(buffers.samples[i] - value) / scale).toBeLessThan(1e-5);
  }
});
