import { describe, expect, test } from 'vitest';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { type NetworkConfig, networkLayout, READ_FEATURES } from '../../src/predictor/network-config.js';
import { NetworkReference } from '../../src/predictor/network-reference.js';
import { predictedPlan } from '../../src/predictor/predicted-plan.js';
import { PredictorAdjoint } from '../../src/predictor/predictor-adjoint.js';
import { PredictorPass } from '../../src/predictor/predictor-pass.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { randomNetwork } from './fixtures.js';

const seed = freshSeed();
const STEPS = 4;
const BATCH = 70;
const STEP = { current: 3, next: 0.7, offset: [0.3, -0.2, 0.1] as const };
const TIMES = polynomial().times(STEPS);
const OFFSETS = TIMES.slice(1).map((_, n) => [0.1 * n, 0.2 - 0.1 * n, -0.1 * n] as const);

const CONFIGS: NetworkConfig[] = [
  { scaleDirection: 0, scaleTime: 0, reads: 'hidden' },
  { scaleDirection: 0.1, scaleTime: 0, reads: 'hidden' },
  { scaleDirection: 0, scaleTime: 0.2, reads: 'hidden' },
  { scaleDirection: 0.1, scaleTime: 0.2, reads: 'hidden' },
];

test.each([
  [0, 0, 8929],
  [0.01, 0, 8950],
  [0.01, 0.2, 8971],
])('with scales %d and %d it has %i parameters, as published', (scaleDirection, scaleTime, count) => {
  expect(networkLayout({ scaleDirection, scaleTime, reads: 'hidden' }).count).toBe(count);
});

test.each(CONFIGS)('the gradient in float64 is the difference, $scaleDirection $scaleTime', (config) => {
  const parameters = Float64Array.from(randomNetwork(config, seed));
  const source = random(seed, 4);
  const features = Float64Array.from({ length: READ_FEATURES }, () => source.normal());
  const given = { r: source.normal(), direction: source.normal(), time: source.normal() };
  const value = (p: Float64Array) => {
    const { answer } = new NetworkReference(config, p).forward(features, STEP);
    return given.r * answer.r + given.direction * answer.direction + given.time * answer.time;
  };
  const gradient = new Float64Array(parameters.length);
  const network = new NetworkReference(config, parameters);
  network.backward(network.forward(features, STEP), given, gradient);
  for (const { offset, shape } of networkLayout(config).tensors) {
    for (let k = 0; k < 4; k++) {
      const i = offset + Math.floor(source.uniform() * shape[0] * shape[1]);
      const at = (by: number) => value(parameters.with(i, parameters[i] + by));
      const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
      expect(Math.abs(gradient[i] - numeric)).toBeLessThan(1e-9);
    }
  }
});

/** A predictor over random features, its answers, the columns, and the way back from random column gradients. */
async function runOnGpu(solver: (typeof amedSolvers)[number], config: NetworkConfig, afs: boolean) {
  const scaled = { direction: config.scaleDirection > 0, time: config.scaleTime > 0 };
  const predicted = predictedPlan(solver, TIMES, { afs, scaled }, OFFSETS);
  const { plan } = predicted;
  const source = random(seed, 5);
  const numbers = (count: number) => Float32Array.from({ length: count }, () => source.normal());
  const parameters = randomNetwork(config, seed);
  const features = numbers(BATCH * READ_FEATURES);
  const columnGradient = numbers(plan.columns * BATCH);
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffers = {
    slots: gpu.buffer('slots', STORAGE, 16),
    columns: gpu.buffer('columns', STORAGE | COPY_SRC, 4 * plan.columns * BATCH),
    columnGradient: gpu.buffer('gradient', STORAGE | COPY_DST, columnGradient),
    features: gpu.buffer('features', STORAGE, features),
    weights: gpu.buffer('weights', STORAGE, parameters),
    gradient: gpu.buffer('gradient', STORAGE | COPY_SRC | COPY_DST, parameters.byteLength),
    capacity: BATCH,
  };
  const field = gaussianMixture(randomMixture(seed, 2, 2, 'shared'));
  const figures = { mean: new Float32Array(2), std: 1 };
  const pass = await PredictorPass.create(gpu, field, { predicted, config, figures }, buffers, () => 0, true);
  const adjoint = await PredictorAdjoint.create(gpu, predicted, config, pass, buffers, BATCH);
  pass.upload(BATCH);
  const encoder = gpu.device.createCommandEncoder();
  adjoint.recordClear(encoder);
  const recording = encoder.beginComputePass();
  for (let n = 0; n < STEPS; n++) pass.recordStep(recording, n, BATCH);
  for (let n = STEPS - 1; n >= 0; n--) adjoint.recordStep(recording, n);
  recording.end();
  gpu.device.queue.submit([encoder.finish()]);
  const read = async (buffer: GPUBuffer) => new Float32Array(await gpu.read(buffer));
  const result = {
    answers: await read(pass.answers),
    columns: await read(buffers.columns),
    answerGradient: await read(adjoint.answerGradient),
    gradient: await read(buffers.gradient),
  };
  pass.destroy();
  adjoint.destroy();
  return { predicted, parameters, features, columnGradient, ...result };
}

const row = (values: Float32Array, trajectory: number, count: number) =>
  Float64Array.from({ length: count }, (_, k) => values[k * BATCH + trajectory]);

/** A number's error by itself or, where it is small beside the others, by them. */
function expectNear(actual: number, exact: number, scale: number, tolerance: number, what: string): void {
  expect(Math.abs(actual - exact) / Math.max(Math.abs(exact), scale), what).toBeLessThan(tolerance);
}

describe.each(CONFIGS)('scales $scaleDirection $scaleTime', (config) => {
  test('the network on the GPU is that in float64, both ways', async () => {
    const [solver] = amedSolvers;
    const { predicted, parameters, features, answers, answerGradient, gradient } = await runOnGpu(
      solver,
      config,
      true,
    );
    const network = new NetworkReference(config, parameters);
    const exact = new Float64Array(parameters.length);
    // What is added up, each without its sign: by that rounding is measured, where a sum happens to be small.
    const sizes = new Float64Array(parameters.length);
    for (let b = 0; b < BATCH; b++) {
      const read = Float64Array.from(features.subarray(b * READ_FEATURES, (b + 1) * READ_FEATURES));
      for (const [n, step] of predicted.steps.entries()) {
        const { evaluation } = step;
        const pass = network.forward(evaluation ? read : new Float64Array(READ_FEATURES), step);
        const [r, direction, time] = row(answers, b, 3 * STEPS).subarray(3 * n);
        expectNear(r, pass.answer.r, 0, 1e-5, 'r');
        expectNear(direction, pass.answer.direction, 0, 1e-5, 'direction');
        expectNear(time, pass.answer.time, 0, 1e-5, 'time');
        const [toR, toDirection, toTime] = row(answerGradient, b, 3 * STEPS).subarray(3 * n);
        const own = new Float64Array(parameters.length);
        network.backward(pass, { r: toR, direction: toDirection, time: toTime }, own);
        for (const [i, value] of own.entries()) {
          exact[i] += value;
          sizes[i] += Math.abs(value);
        }
      }
    }
    for (const { name, offset, shape } of networkLayout(config).tensors) {
      const end = offset + shape[0] * shape[1];
      const scale = Math.max(...sizes.subarray(offset, end));
      expect(scale).toBeGreaterThan(0);
      for (let i = offset; i < end; i++) {
        expectNear(gradient[i], exact[i], scale, 1e-5, `${name}[${i - offset}]`);
      }
    }
  });
});

/** Coefficients of high order are differences of larger numbers. */
const TOLERANCE = 1e-4;

describe.each([false, true])('AFS %s', (afs) => {
  test.each(amedSolvers)('$name: the columns and their gradients are those of its plan', async (solver) => {
    const config = CONFIGS[3];
    const { predicted, answers, columns, columnGradient, answerGradient } = await runOnGpu(
      solver,
      config,
      afs,
    );
    const { family, plan } = predicted;
    expect(columns.every((value) => value !== 0)).toBe(true);
    for (let b = 0; b < BATCH; b++) {
      const given = row(answers, b, 3 * STEPS);
      const exact = family.values(given);
      const scale = Math.max(...exact.map(Math.abs));
      for (const [c, value] of row(columns, b, plan.columns).entries()) {
        // Some are small differences of larger numbers, such as 1 - 1 / (2 r) near r = 1/2.
        expectNear(value, exact[c], 1e-2 * scale, TOLERANCE, `column ${c}`);
      }
      const jacobian = family.jacobian(given);
      const to = row(columnGradient, b, plan.columns);
      const slopes = given.map((_, p) => jacobian.reduce((sum, slope, c) => sum + to[c] * slope[p], 0));
      const sizes = given.map((_, p) =>
        jacobian.reduce((sum, slope, c) => sum + Math.abs(to[c] * slope[p]), 0),
      );
      for (const [p, value] of row(answerGradient, b, 3 * STEPS).entries()) {
        expectNear(value, slopes[p], sizes[p], TOLERANCE, `answer ${p}`);
      }
    }
  });
});
