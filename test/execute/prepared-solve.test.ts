import { expect, test } from 'vitest';
import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { polynomial } from '../../src/grid/grid.js';
import { openDevice } from '../../src/node/adapter.js';
import { drawLatents } from '../../src/rng/latents.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { randomPredictor } from '../predictor/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const BATCH = 70;
const field = gaussianMixture(randomMixture(seed, 3, 5, 'per-component'));
const planOf = (solver: string) => solverByName(solver).plan(polynomial().times(5));
const plan = planOf('heun');

test.each(['stepwise', 'fused'] as const)(
  '%s: runs again and again, as solve does once',
  async (executor) => {
    const prepared = await PreparedSolve.create(gpu, field, plan, { batch: BATCH, executor });
    expect(prepared.executor).toBe(executor);
    for (const [count, first] of [
      [1, seed],
      [3, seed + 7],
      [2, seed],
    ]) {
      const { hostMs, gpuMs } = await prepared.repeat(count, first);
      const latents = { batch: BATCH, seed: first + count - 1 };
      const once = await solve(gpu, field, plan, { latents, executor });
      expect(await prepared.samples()).toEqual(once.samples);
      expect(prepared.evaluations).toBe(once.evaluations);
      expect(hostMs).toBeGreaterThan(0);
      if (gpu.device.features.has('timestamp-query')) {
        // The last solve's own time, which the wait for all of them has in it.
        expect(gpuMs).toBeGreaterThan(0);
        expect(gpuMs).toBeLessThanOrEqual(hostMs);
      } else {
        expect(gpuMs).toBeUndefined();
      }
    }
    prepared.destroy();
  },
);

test("a device without timestamps tells the host's time alone", async () => {
  const { device, adapter } = await openDevice({ timestamps: false });
  const untimed = new Gpu(device, adapter);
  const prepared = await PreparedSolve.create(untimed, field, plan, { batch: BATCH });
  const { hostMs, ...others } = await prepared.repeat(1, seed);
  expect(hostMs).toBeGreaterThan(0);
  expect(others).toEqual({});
  prepared.destroy();
  untimed.destroy();
});

test('a batch in chunks is the same batch', async () => {
  const prepared = await PreparedSolve.create(gpu, field, plan, { batch: BATCH, chunk: 32 });
  await prepared.repeat(2, seed);
  const { executor } = prepared;
  const latents = { batch: BATCH, seed: seed + 1 };
  const { samples } = await solve(gpu, field, plan, { latents, executor });
  // The last 6 of 70.
  expect(await prepared.samples()).toEqual(samples.subarray(64 * 3));
  prepared.destroy();
});

test.each(['stepwise', 'fused'] as const)('%s: a predictor is asked in each run', async (executor) => {
  const scales = { scaleDirection: 0.1, scaleTime: 0.2, reads: 'state' as const };
  const predictor = randomPredictor(amedSolvers[0], field, scales, { seed, steps: 2, afs: false });
  const asked = predictor.predicted.plan;
  const prepared = await PreparedSolve.create(gpu, field, asked, { batch: BATCH, predictor, executor });
  await prepared.repeat(2, seed);
  const latents = { batch: BATCH, seed: seed + 1 };
  const { samples } = await solve(gpu, field, asked, { latents, predictor, executor });
  expect(await prepared.samples()).toEqual(samples);
  prepared.destroy();
  await expect(PreparedSolve.create(gpu, field, plan, { batch: 4, predictor })).rejects.toThrow(
    /whose columns/,
  );
});

test('the noise of a sampler of the SDE follows the chunk', async () => {
  const noisy = planOf('ancestral');
  const prepared = await PreparedSolve.create(gpu, field, noisy, { batch: BATCH, chunk: 64 });
  await prepared.repeat(2);
  const { executor } = prepared;
  const latents = { batch: BATCH, seed: 1 };
  const { samples } = await solve(gpu, field, noisy, { latents, seed: 0, executor });
  expect(await prepared.samples()).toEqual(samples.subarray(64 * 3));
  prepared.destroy();
});

test('what cannot be repeated is refused, and a run that breaks says where', async () => {
  const create = (batch: number) => PreparedSolve.create(gpu, field, plan, { batch });
  await expect(create(0)).rejects.toMatchObject({ code: 'bad-argument' });
  const prepared = await create(4);
  await expect(prepared.repeat(0)).rejects.toMatchObject({ code: 'bad-argument' });
  await expect(prepared.repeat(1, -1)).rejects.toMatchObject({ code: 'bad-argument' });
  prepared.destroy();
  const broken = solverByName('euler').plan([3e38, 1e38, 1]);
  const breaks = await PreparedSolve.create(gpu, field, broken, { batch: 4 });
  await expect(breaks.repeat(2)).rejects.toMatchObject({ code: 'not-finite' });
  breaks.destroy();
});

test.each(['stepwise', 'fused'] as const)(
  'a run that breaks does not break the next (%s)',
  async (executor) => {
    // Of one seed in a few some trajectory begins there.
    const field = customField({
      dim: 2,
      wgsl: `fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> {
      let broken = bitcast<f32>(bitcast<u32>(sigma) | 0x7fc00000u);
      return array<f32, 2>(select(0.0, broken, sigma > 70 && x[0] > 150), 0);
    }`,
    });
    const batch = 20;
    const seeds = Array.from({ length: 40 }, (_, i) => i);
    const breaking = (s: number) => drawLatents(s, 0, batch, 2, 80).some((x, i) => i % 2 === 0 && x > 150);
    const [bad, good] = [seeds.find(breaking)!, seeds.find((s) => !breaking(s))!];
    const plan = solverByName('euler').plan(polynomial().times(3));
    const prepared = await PreparedSolve.create(gpu, field, plan, { batch, executor });
    const broken = drawLatents(bad, 0, batch, 2, 80).filter((x, i) => i % 2 === 0 && x > 150).length;
    for (let twice = 0; twice < 2; twice++) {
      await prepared.repeat(1, good);
      await expect(prepared.repeat(1, bad)).rejects.toThrow(`in ${broken} of ${batch} trajectories`);
    }
    prepared.destroy();
  },
);
