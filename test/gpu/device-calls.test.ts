import { beforeAll, describe, expect, test } from 'vitest';
import { familyOn } from '../../src/distill/learnable/learnable.js';
import { learnableTable } from '../../src/distill/learnable/table.js';
import { runTeacher } from '../../src/distill/pool.js';
import { trainFamily } from '../../src/distill/training/family-training.js';
import { Validation } from '../../src/distill/training/validation.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { logDensity } from '../../src/likelihood/log-density.js';
import { drawLatents } from '../../src/rng/latents.js';
import { SidRun } from '../../src/sid/run.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solverByName } from '../../src/solver/registry.js';
import { universalPlan } from '../../src/solver/universal.js';
import { trainingSettings } from '../../src/train/settings.js';
import { Trainer } from '../../src/train/trainer.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { randomSid } from '../sid/fixtures.js';
import { randomRun } from '../train/fixtures.js';
import { type DeviceCalls, deviceCalls } from './device-calls.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 3, 4, 'shared'));
const grid = { name: 'polynomial:7', times: polynomial().times(3) };
const learnable = learnableTable(
  { solver: amedSolvers[0], afs: false, grids: [grid] },
  { scaleDirection: 0.01, scaleTime: 0.2 },
);
const family = familyOn(learnable, grid);
const parameters = learnable.untrained(3);

/** What more work of the same kind asks for beside less of it. */
function more(much: DeviceCalls, little: DeviceCalls): Partial<DeviceCalls> {
  const entries = Object.entries(much).map(([name, calls]) => [
    name,
    calls - little[name as keyof DeviceCalls],
  ]);
  return Object.fromEntries(entries.filter(([, difference]) => difference !== 0));
}

test('calls are counted', async () => {
  const calls = await deviceCalls(gpu, async () => {
    const buffer = gpu.buffer('counted', GPUBufferUsage.COPY_SRC, 16);
    await gpu.read(buffer);
    buffer.destroy();
  });
  expect(calls).toMatchObject({
    createBuffer: 2,
    destroy: 2,
    createCommandEncoder: 1,
    submit: 1,
    mapAsync: 1,
    createBindGroup: 0,
  });
});

describe('a solve', () => {
  const run = (name: string, steps: number, chunks: number) => () =>
    solve(gpu, field, solverByName(name).plan(polynomial().times(steps)), {
      latents: { batch: 16 * chunks, seed },
      chunk: 16,
    });

  beforeAll(async () => {
    for (const name of ['ipndm-3', 'ancestral']) await run(name, 4, 1)();
  });

  test.each(['ipndm-3', 'ancestral'])('of %s makes nothing in its steps', async (name) => {
    const [few, many] = [await deviceCalls(gpu, run(name, 4, 1)), await deviceCalls(gpu, run(name, 40, 1))];
    expect(more(many, few)).toEqual({});
  });

  test('submits, maps and encodes once for each chunk more, and makes nothing else', async () => {
    const [one, nine] = [
      await deviceCalls(gpu, run('ipndm-3', 4, 1)),
      await deviceCalls(gpu, run('ipndm-3', 4, 9)),
    ];
    expect(more(nine, one)).toEqual({ createCommandEncoder: 8, submit: 8, mapAsync: 8 });
  });
});

test('training makes nothing but an encoder for each submit of many steps', async () => {
  const { config, data } = randomRun(seed);
  const settings = trainingSettings({ seed, batch: 32, steps: 200, warmup: 0 });
  const trainer = await Trainer.create(gpu, { config, settings, data });
  const train = (steps: number) => async () => {
    trainer.submit(steps);
    await trainer.figures();
  };
  await train(1)();
  const [few, many] = [await deviceCalls(gpu, train(2)), await deviceCalls(gpu, train(32))];
  expect(more(many, few)).toEqual({});
  trainer.destroy();
});

test('a distillation into a generator that fails at its beginning leaves nothing on the device', async () => {
  const { config, teacher: parameters, settings } = randomSid(seed);
  const onAllocated = () => {
    throw new Error('enough');
  };
  const options = { teacher: { config, parameters }, settings, measureEvery: 5, onAllocated };
  const create = () => expect(SidRun.create(gpu, options)).rejects.toThrow('enough');
  await create(); // measures the network's tiles
  const { createBuffer, destroy } = await deviceCalls(gpu, create);
  expect(createBuffer).toBeGreaterThan(10);
  expect(destroy).toBe(createBuffer);
});

test('a solve that is refused leaves nothing on the device', async () => {
  // A universal table's mean is that of another dimension.
  const plan = universalPlan(4, { mean: [1, 2], std: 1 });
  for (const executor of ['stepwise', 'fused'] as const) {
    const refused = () =>
      expect(solve(gpu, field, plan, { latents: { batch: 8, seed }, executor })).rejects.toThrow(
        'has a constant of 2 numbers',
      );
    const { createBuffer, destroy } = await deviceCalls(gpu, refused);
    expect(destroy).toBe(createBuffer);
  }
});

test('the closed form of a divergence is uploaded once', async () => {
  const states = drawLatents(seed, 0, 8, 3, 1);
  const density = () => logDensity(gpu, field, { states });
  await density();
  const [one, other] = [await deviceCalls(gpu, density), await deviceCalls(gpu, density)];
  expect(one).toEqual(other);
  expect(one.destroy).toBe(one.createBuffer);
});

test('a validation takes one submit and one readback, and makes nothing else', async () => {
  const pool = await runTeacher(gpu, field, planFor({ solver: 'euler', nfe: 8 }), {
    count: 64,
    seed: 2 ** 40,
  });
  const validation = await Validation.create(gpu, field, family.plan, pool);
  const values = family.values(parameters);
  const validate = (times: number) => async () => {
    for (let i = 0; i < times; i++) await validation.submit(values);
  };
  await validate(1)();
  const calls = await deviceCalls(gpu, validate(5));
  const made = Object.entries(calls).filter(([, count]) => count > 0);
  expect(Object.fromEntries(made)).toEqual({ createCommandEncoder: 5, submit: 5, mapAsync: 5 });
  validation.destroy();
});

test('a training makes nothing in its iterations and validations', async () => {
  const pool = await runTeacher(gpu, field, planFor({ solver: 'euler', nfe: 8 }), {
    count: 64,
    seed: 2 ** 40,
  });
  const train = (iterations: number) => () =>
    trainFamily(
      gpu,
      field,
      family,
      { parameters, score: { mean: 1, median: 1, score: 0 } },
      {
        ...{ training: pool, validation: pool, batch: 8, iterations, seed, reference: 1 },
        units: new Float64Array(parameters.length).fill(1),
      },
    );
  await train(4)();
  const [few, many] = [await deviceCalls(gpu, train(4)), await deviceCalls(gpu, train(16))];
  // Twelve iterations and three validations more.
  expect(more(many, few)).toEqual({ createCommandEncoder: 15, submit: 15, mapAsync: 15 });
});
