import { expect, test } from 'vitest';
import { type SolveOptions, solve } from '../../src/execute/solve.js';
import { empirical } from '../../src/field/empirical.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { normals } from '../../src/rng/threefry.js';
import { sample } from '../../src/sample.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { smallGpu } from '../gpu/small-gpu.js';
import { randomPredictor } from '../predictor/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const BATCH = 201;
const plan = solverByName('ipndm-2').plan(polynomial().times(4));

const fields = [
  ...(['stepwise', 'fused'] as const).flatMap((executor) => [
    { what: 'dim 1', field: gaussianMixture(randomMixture(seed, 1, 3, 'shared')), executor },
    { what: 'dim 3', field: gaussianMixture(randomMixture(seed, 3, 3, 'per-dimension')), executor },
    { what: 'dim 6', field: gaussianMixture(randomMixture(seed, 6, 9, 'per-component')), executor },
  ]),
  {
    what: 'dim 130, tiled',
    field: empirical(randomMixture(seed, 130, 70, 'shared').means, 130, 0.1),
    executor: 'stepwise' as const,
  },
];

test.each(fields)(
  '$what, $executor: a trajectory is the same to the last bit in any batch',
  async ({ field, executor }) => {
    const { dim } = field;
    const run = (options: Omit<SolveOptions, 'keep'>) =>
      solve(gpu, field, plan, { ...options, keep: [0], executor });
    const whole = await run({ latents: { batch: BATCH, seed } });
    for (const chunk of [1, 7, 64]) {
      // One at a time is slow; a few trajectories tell.
      const batch = chunk === 1 ? 5 : BATCH;
      const { samples } = await run({ latents: { batch, seed }, chunk });
      expect(samples, `chunk ${chunk}`).toEqual(whole.samples.subarray(0, batch * dim));
    }
    const few = await run({ latents: { batch: 3, seed } });
    expect(few.samples).toEqual(whole.samples.subarray(0, 3 * dim));
    const uploaded = await run({ latents: { values: whole.kept.get(0)! } });
    expect(uploaded.samples).toEqual(whole.samples);
    // A batch that begins elsewhere.
    const tail = await run({ latents: { values: whole.kept.get(0)!.subarray(150 * dim) } });
    expect(tail.samples).toEqual(whole.samples.subarray(150 * dim));
  },
);

test('another seed is another batch', async () => {
  const { field } = fields[1];
  const [a, b] = await Promise.all(
    [seed, seed + 2 ** 32].map((each) => solve(gpu, field, plan, { latents: { batch: 4, seed: each } })),
  );
  expect(a.samples).not.toEqual(b.samples);
});

test('a batch past 65,535 workgroups reaches its end', async () => {
  const [mu, s] = [0.3, 0.5];
  const field = gaussianMixture({ weights: [1], means: [[mu]], stds: [s] });
  // The field's kernel takes 64 trajectories a workgroup and the latents' as many at this dimension.
  const batch = 65535 * 64 + 1000;
  const { samples } = await solve(gpu, field, solverByName('euler').plan([80, 40]), {
    latents: { batch, seed },
  });
  // One step ends at x + (40 - 80) (x - D) / 80 with D = (s^2 x + 80^2 mu) / (s^2 + 80^2).
  for (const row of [0, 1, 65535 * 64 - 1, 65535 * 64, 65535 * 64 + 1, batch - 1]) {
    const x = 80 * normals(seed, row, 0, 0, 1)[0];
    const expected = x - (x - (s ** 2 * x + 6400 * mu) / (s ** 2 + 6400)) / 2;
    // Near 0 a normal carries the absolute error that WGSL allows sine, cosine and logarithm: 2^-10 at most.
    expect(Math.abs(samples[row] - expected), `row ${row}`).toBeLessThan(80 * 2 ** -10);
  }
  expect(samples.every((value) => value !== 0)).toBe(true);
});

test('a batch past one binding is split, and nobody notices', async () => {
  const { field } = fields[1];
  const whole = await solve(gpu, field, plan, { latents: { batch: 5000, seed }, keep: plan.states });
  const done: number[] = [];
  const split = await solve(smallGpu(2 ** 16), field, plan, {
    latents: { batch: 5000, seed },
    keep: plan.states,
    onProgress: (count) => done.push(count),
  });
  expect(done.length).toBeGreaterThan(2);
  expect(done.at(-1)).toBe(5000);
  expect(split.samples).toEqual(whole.samples);
  for (const slot of plan.states) expect(split.kept.get(slot)).toEqual(whole.kept.get(slot));
});

test('a batch is split for what a network reads too', async () => {
  const { field } = fields[1];
  const solver = amedSolvers.find(({ name }) => name === 'amed-ipndm')!;
  const how = { seed, steps: 2, afs: false };
  const predictor = randomPredictor(
    solver,
    field,
    { reads: 'state', scaleDirection: 0.01, scaleTime: 0.2 },
    how,
  );
  const { plan } = predictor.predicted;
  const request = { latents: { batch: 600, seed }, predictor, executor: 'stepwise' as const };
  const done: number[] = [];
  const split = await solve(smallGpu(2 ** 16), field, plan, {
    ...request,
    onProgress: (count) => done.push(count),
  });
  // Of each trajectory 64 numbers are read.
  expect(done).toEqual([256, 512, 600]);
  expect(split.samples).toEqual((await solve(gpu, field, plan, request)).samples);
});

test('what a device cannot bind is refused before it is asked to', async () => {
  const small = smallGpu(2 ** 16);
  const bytes = 2 ** 16 + 4;
  const make = () => small.buffer('tape', GPUBufferUsage.STORAGE, bytes);
  await expectRefusal(
    make,
    'device-limit',
    /buffer 'tape' needs 65540 bytes; a binding of .* at most 65536/,
    /smaller/,
  );
  small.buffer('staging', GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, bytes).destroy();
});

test('a trajectory that no binding holds is refused', async () => {
  const field = gaussianMixture(randomMixture(seed, 64, 2, 'shared'));
  await expect(solve(smallGpu(512), field, plan, { latents: { batch: 1, seed } })).rejects.toMatchObject({
    code: 'device-limit',
  });
});

test('an aborted run stops between chunks', async () => {
  const { field } = fields[1];
  const controller = new AbortController();
  const done: number[] = [];
  const run = solve(gpu, field, plan, {
    latents: { batch: 100, seed },
    chunk: 10,
    signal: controller.signal,
    onProgress(count) {
      done.push(count);
      if (count === 30) controller.abort();
    },
  });
  await expect(run).rejects.toThrow();
  expect(done).toEqual([10, 20, 30]);
});

test('a run that is aborted while the device works rejects with what its signal says, and the next one is whole', async () => {
  const { field } = fields[1];
  const controller = new AbortController();
  const long = planFor({ solver: 'euler', nfe: 300 });
  const latents = { batch: 20_000, seed };
  const run = solve(gpu, field, long, { latents, signal: controller.signal, executor: 'stepwise' });
  setTimeout(() => controller.abort(new Error('enough')), 5);
  await expect(run).rejects.toThrow('enough');
  const whole = solve(gpu, field, plan, { latents: { batch: 9, seed } });
  const other = solve(gpu, field, plan, { latents: { batch: 9, seed }, chunk: 4 });
  expect((await whole).samples).toEqual((await other).samples);
});

test('latents are those of the call, whatever is written over them afterwards', async () => {
  const { field } = fields[1];
  const values = normals(seed, 0, 0, 0, 3);
  const expected = await solve(gpu, field, plan, { latents: { values: values.slice() } });
  const runs = [
    solve(gpu, field, plan, { latents: { values } }),
    sample(gpu, { field, plan, latents: values }),
  ];
  values.fill(7);
  for (const { samples } of await Promise.all(runs)) expect(samples).toEqual(expected.samples);
});
