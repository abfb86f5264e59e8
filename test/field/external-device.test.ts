import { afterAll, describe, expect, test } from 'vitest';
import { distillBespoke } from '../../src/distill/bespoke/bespoke.js';
import { runTeacher } from '../../src/distill/pool.js';
import { type ReferenceOptions, solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { solveMemory } from '../../src/execute/solve-memory.js';
import { externalField } from '../../src/field/external.js';
import type { DeviceInputs, PredictOnDevice } from '../../src/field/external-device.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { parseProcess } from '../../src/process/built-in.js';
import { PREDICTIONS, type Prediction } from '../../src/process/prediction.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import type { Plan } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { excess, roundingErrors } from '../execute/rounding.js';
import { deviceCalls } from '../gpu/device-calls.js';
import { freshSeed } from '../seed.js';
import model from './external-model.wgsl';
import { latents } from './fixtures.js';

const seed = freshSeed();
const DIM = 5;
const MEANS = [0.4, -0.2, 0.1, 0.7, -0.6];
const STD = 0.3;
const BATCH = 37;
const mixture = gaussianMixture({ weights: [1], means: [MEANS], stds: [STD] });

const PROCESSES = ['ve', 'vp-linear', 'flow'] as const;

const made: GPUBuffer[] = [];
afterAll(() => {
  for (const buffer of made) buffer.destroy();
});

/** A model of the user's own, in plain WebGPU: its predictions go to one buffer, again and again. */
function modelOf(process: (typeof PROCESSES)[number], prediction: Prediction) {
  const { device } = gpu;
  const constants = {
    ...{ DIM, STD },
    PROCESS: PROCESSES.indexOf(process),
    PREDICTION: PREDICTIONS.indexOf(prediction),
  };
  const compute = { module: device.createShaderModule({ code: model }), constants };
  const pipeline = device.createComputePipeline({ layout: 'auto', compute });
  const { STORAGE, COPY_SRC } = GPUBufferUsage;
  const means = gpu.buffer('means', STORAGE, Float32Array.from(MEANS));
  const predictions = gpu.buffer('predictions', STORAGE | COPY_SRC, 4 * BATCH * DIM);
  made.push(means, predictions);
  const counts: number[] = [];
  const predict: PredictOnDevice = ({ states, times, count }) => {
    counts.push(count);
    const parts = { states: 4 * count * DIM, times: 4 * count, means: 4 * DIM, predictions: 4 * count * DIM };
    const buffers: Record<string, GPUBuffer> = { states, times, means, predictions };
    const entries = Object.entries(parts).map(([name, size], binding) => ({
      binding,
      resource: { buffer: buffers[name], size },
    }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(Math.ceil((count * DIM) / 64));
    pass.end();
    device.queue.submit([encoder.finish()]);
    return predictions;
  };
  return { predict, counts };
}

function external(predictOnDevice: PredictOnDevice = modelOf('ve', 'x0').predict, most?: number): Field {
  return externalField({ dim: DIM, predictOnDevice, ...(most && { most }) });
}

/** How far samples are from those of the mixture that the model knows, in units of what rounding explains. */
function difference(samples: Float32Array, plan: Plan, from: ReferenceOptions, roundings?: number): number {
  const exact = solveReference(mixture, plan, from).samples;
  return excess(samples, exact, roundingErrors(mixture, plan, from, exact, seed, roundings), DIM);
}

test.each(solvers.map(({ name }) => name))(
  '%s of a model on the device is that of the field which it computes',
  async (name) => {
    const { predict, counts } = modelOf('ve', 'x0');
    const plan = planFor({ solver: name, nfe: 8 });
    const x = latents(seed, BATCH, DIM);
    const solution = await solve(gpu, external(predict), plan, { latents: { values: x } });
    expect(solution).toMatchObject({ evaluations: 8, executor: 'stepwise' });
    expect(counts).toEqual(new Array(8).fill(BATCH));
    expect(difference(solution.samples, plan, { latents: x })).toBeLessThan(3);
  },
);

test.each(
  PREDICTIONS.flatMap((prediction) =>
    PROCESSES.filter((name) => name !== 'vp-linear' || prediction !== 'velocity') // whose slopes the model does not know
      .map((name) => ({ prediction, name })),
  ),
)(
  'a model on the device that predicts $prediction of $name is told its own states and times',
  async ({ prediction, name }) => {
    const { predict } = modelOf(name, prediction);
    const field = externalField({
      dim: DIM,
      predictOnDevice: predict,
      prediction,
      process: parseProcess(name),
    });
    const plan = planFor({ solver: 'heun', nfe: 4, range: { sigmaMin: 0.05, sigmaMax: 50 } });
    const x = latents(seed, BATCH, DIM, 50);
    const { samples } = await solve(gpu, field, plan, { latents: { values: x } });
    // 1 - t of flow matching rounds by 50 parts at sigma 50.
    expect(difference(samples, plan, { latents: x }, 58 + DIM)).toBeLessThan(3);
  },
);

test('a model on the device is told its own terms for t', async () => {
  const process = parseProcess('vp-linear');
  const told: number[][] = [];
  const field = externalField({
    ...{ dim: DIM, prediction: 'eps', process, modelTime: (t: number) => 999 * t },
    async predictOnDevice({ states, times, count }) {
      told.push([...new Float32Array(await gpu.read(times, 4 * count))]);
      return states;
    },
  });
  const plan = planFor({ solver: 'euler', nfe: 2, range: { sigmaMin: 0.05, sigmaMax: 50 } });
  await solve(gpu, field, plan, { latents: { batch: 4, seed } });
  const times = plan.times.slice(0, 2).map((sigma) => Math.fround(999 * process.timeOf(sigma)));
  expect(told).toEqual(times.map((time) => new Array(4).fill(time)));
});

test('trajectories have times of their own, and a large batch goes out in parts', async () => {
  const family = amedFamily(amedSolvers[0], polynomial().times(2), {});
  const columns = new Float32Array(family.plan.columns * BATCH);
  for (let row = 0; row < BATCH; row++) {
    const values = family.values(Float64Array.of(0.3 + row / 100, 1, 1, 0.4 + row / 200, 1, 1));
    for (const [c, value] of values.entries()) columns[c * BATCH + row] = value;
  }
  const x = latents(seed, BATCH, DIM);
  const { predict, counts } = modelOf('ve', 'x0');
  const parts = await solve(gpu, external(predict, 10), family.plan, { latents: { values: x }, columns });
  expect(counts).toEqual([10, 10, 10, 7, 10, 10, 10, 7, 10, 10, 10, 7, 10, 10, 10, 7]);
  expect(difference(parts.samples, family.plan, { latents: x, columns })).toBeLessThan(3);
  // Chunks and parts change nothing.
  const whole = await solve(gpu, external(), family.plan, { latents: { values: x }, columns, chunk: 8 });
  expect(parts.samples).toEqual(whole.samples);
});

test('the host waits for samples alone, and what is allocated was predicted', async () => {
  const field = external(undefined, 10);
  const run = (steps: number) => () =>
    solve(gpu, field, solverByName('euler').plan(polynomial().times(steps)), {
      latents: { batch: BATCH, seed },
    });
  await run(2)();
  const few = await deviceCalls(gpu, run(2));
  const many = await deviceCalls(gpu, run(9));
  expect([few.mapAsync, many.mapAsync]).toEqual([1, 1]);
  expect(many.createBuffer).toBe(few.createBuffer);
});

test('runs that go on at the same time take turns', async () => {
  const { predict } = modelOf('ve', 'x0');
  let running = 0;
  const alone = async (inputs: DeviceInputs) => {
    if (running++ > 0) throw new Error('called while another call runs');
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return predict(inputs);
  };
  const field = external(alone);
  const plan = solverByName('ipndm-3').plan(polynomial().times(4));
  const run = (from: number) => solve(gpu, field, plan, { latents: { batch: BATCH, seed: from } });
  const [one, two] = await Promise.all([run(1), run(2)]);
  expect(one.samples).toEqual((await run(1)).samples);
  expect(two.samples).toEqual((await run(2)).samples);
});

test('a bespoke solver is learned for it', async () => {
  const field = external(undefined, BATCH);
  const teacher = planFor({ solver: 'unipc-3', nfe: 40, grid: 'logsnr' });
  const training = await runTeacher(gpu, field, teacher, { count: 128, seed: 2 ** 40 });
  const validation = await runTeacher(gpu, field, teacher, { count: 64, seed: 2 ** 40 + 1 });
  const settings = { nfe: 3, batch: 16, candidates: 2, candidateIterations: 5, iterations: 20, seed: 0 };
  const pools = { training, validation, formulas: ['ipndm-2' as const], starts: ['gaussian' as const] };
  const { best, start } = await distillBespoke(gpu, field, settings, pools);
  expect(best.score).toBeLessThan(start.score);
});

describe('refuses', () => {
  const plan = solverByName('euler').plan(polynomial().times(3));
  const sampled = (predict: PredictOnDevice) =>
    solve(gpu, external(predict), plan, { latents: { batch: 8, seed: 1 } });
  const { STORAGE, COPY_SRC } = GPUBufferUsage;
  const bufferOf = (size: number, usage: number) => {
    const buffer = gpu.buffer('prediction', usage, size);
    made.push(buffer);
    return buffer;
  };

  test.each<[string, PredictOnDevice, RegExp]>([
    ['a short buffer', () => bufferOf(28, COPY_SRC), /a buffer of 28 bytes for 8 states of 5/],
    ['one that cannot be copied', () => bufferOf(160, STORAGE), /cannot be copied from/],
    ['an array', () => new Float32Array(40) as unknown as GPUBuffer, /returned object, no buffer/],
    ['nothing', () => undefined as unknown as GPUBuffer, /returned undefined, no buffer/],
    ['a failure', () => Promise.reject(new Error('no session')), /external field failed: no session/],
    [
      'a buffer that is gone',
      () => {
        const buffer = bufferOf(160, COPY_SRC);
        buffer.destroy();
        return buffer;
      },
      /cannot be copied: .*destroyed/s,
    ],
  ])('%s as a prediction', async (_, predict, message) => {
    await expect(sampled(predict)).rejects.toThrow(message);
    // And goes on after that.
    expect((await sampled(modelOf('ve', 'x0').predict)).samples).toHaveLength(8 * DIM);
  });

  test('two models, or none', () => {
    const predict = (states: Float32Array) => states;
    const predictOnDevice = modelOf('ve', 'x0').predict;
    expect(() => externalField({ dim: 2, predict, predictOnDevice })).toThrow(/predict and predictOnDevice/);
    expect(() => externalField({ dim: 2 })).toThrow(/undefined for predict/);
  });

  test('a number that is none', async () => {
    const nothing = bufferOf(160, COPY_SRC | GPUBufferUsage.COPY_DST);
    gpu.device.queue.writeBuffer(nothing, 0, new Float32Array(40).fill(Number.NaN));
    await expect(sampled(() => nothing)).rejects.toThrow(/step 1/);
  });
});

test('memory of a model on the device', async () => {
  const plan = solverByName('euler').plan(polynomial().times(3));
  const { buffers } = await solveMemory(gpu, external(undefined, 10), plan, { batch: BATCH });
  // Inputs of ten; translations, predictions and a readback of times for all; a uniform.
  expect(buffers.field).toBe(4 * 10 * (DIM + 1) + 4 * BATCH * (4 + DIM + 1) + 12);
});
