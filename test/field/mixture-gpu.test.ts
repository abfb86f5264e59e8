import { expect, test } from 'vitest';
import { solve } from '../../src/execute/solve.js';
import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { type MixtureKernel, mixtureKernelFor, prepareMixture } from '../../src/field/prepared-mixture.js';
import { canBroadcast } from '../../src/gpu/broadcast.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { perTrajectory } from '../../src/solver/plan.js';
import { asHardware, asIntel, hasTeams, TEAM_DIMS } from '../as-hardware.js';
import { gpu } from '../device.js';
import { smallGpu } from '../gpu/small-gpu.js';
import { freshSeed } from '../seed.js';
import { noisyStates, randomMixture, type StdShape } from './fixtures.js';
import { roundingOfD } from './rounding.js';

const seed = freshSeed();

/** D on the GPU, each trajectory at its own noise level. */
async function denoisedOn(on: Gpu, field: Field, x: Float64Array, sigmas: number[]): Promise<Float32Array> {
  const b = new PlanBuilder([80, 0.002]);
  b.reach(b.denoised(b.start, perTrajectory(0)));
  return (
    await solve(on, field, b.finish('D'), { latents: { values: x }, columns: sigmas, executor: 'stepwise' })
  ).samples;
}

/** The largest error of the GPU over a field's states, in units of what float32 may do. */
async function worst(on: Gpu, field: Field, spec: MixtureSpec, batch: number): Promise<number> {
  const { x, sigmas } = noisyStates(seed, spec, batch);
  const actual = await denoisedOn(on, field, x, sigmas);
  const { dim } = spec;
  const expected = new Float64Array(dim);
  let ratio = 0;
  for (const [row, sigma] of sigmas.entries()) {
    const state = x.subarray(row * dim, (row + 1) * dim);
    field.denoise!(state, sigma, expected);
    const bound = roundingOfD(spec, state, sigma);
    for (let d = 0; d < dim; d++) {
      const error = Math.abs(actual[row * dim + d] - expected[d]) / bound[d];
      // A NaN is the worst of all.
      ratio = Math.max(ratio, Number.isNaN(error) ? Infinity : error);
    }
  }
  return ratio;
}

const withKernel = (spec: MixtureSpec, kernel: MixtureKernel | 'lanes'): Field => ({
  ...gaussianMixture(spec),
  prepare: (on) => prepareMixture(on, spec, kernel),
});

const SHAPES: StdShape[] = ['shared', 'per-component', 'per-dimension'];
/** Dimensions that are no multiple of 4 in the tiled kernel, which takes long to compile for each. */
const TILED_DIM = { shared: 130, 'per-component': 6, 'per-dimension': 6 };
const cases = SHAPES.flatMap((shape) => [
  ...[1, 2, 3, 4].map((dim) => ({ shape, dim, components: 5, kernel: 'small' as const })),
  ...[1, 5, 64].map((dim) => ({ shape, dim, components: 5, kernel: 'registers' as const })),
  // More than one tile of 64 components, the last one not full.
  { shape, dim: TILED_DIM[shape], components: 150, kernel: 'tiled' as const },
]);

test.each(cases)('D of $components components, $shape stds, dim $dim, $kernel', async (each) => {
  const spec = randomMixture(seed, each.dim, each.components, each.shape);
  const field = withKernel(spec, each.kernel);
  expect(await worst(gpu, field, spec, 33)).toBeLessThan(1);
});

// In pairs where lanes tell each other what they load: an even and an odd last one, one to four
// chunks of the sums, a batch that leaves an invocation's second trajectory to nobody, and one that does not.
test.each(
  SHAPES.flatMap((shape) =>
    [
      [5, 25],
      [41, 40],
      [68, 24],
      [128, 31],
    ].map(([dim, components]) => ({ shape, dim, components })),
  ),
)('in registers: D of $components components, $shape stds, dim $dim', async ({ shape, dim, components }) => {
  const spec = randomMixture(seed, dim, components, shape);
  expect(mixtureKernelFor(gpu, spec)).toBe('registers');
  expect(await worst(gpu, gaussianMixture(spec), spec, 9)).toBeLessThan(1);
  const equal = { ...spec, weights: new Float64Array(components).fill(1) };
  expect(await worst(gpu, gaussianMixture(equal), equal, 61)).toBeLessThan(1);
});

test.skipIf(!hasTeams).each(TEAM_DIMS.map((dim, i) => ({ dim, shape: SHAPES[(seed + i) % 3] })))(
  'by teams of lanes: D of 5 components, $shape stds, dim $dim',
  async ({ dim, shape }) => {
    const spec = randomMixture(seed, dim, 5, shape);
    for (const on of [asHardware, asIntel]) {
      for (const batch of [9, 61])
        expect(await worst(on, gaussianMixture(spec), spec, batch)).toBeLessThan(1);
    }
  },
);

test.each(
  SHAPES.flatMap((shape) =>
    // One chunk of components, several that come out even, and two that do not fill their last one.
    [
      [129, 1],
      [200, 10],
      [130, 3],
      [785, 63],
      [131, 64],
      [132, 17],
    ].map(([dim, components]) => ({ shape, dim, components })),
  ),
)('few: D of $components components, $shape stds, dim $dim', async ({ shape, dim, components }) => {
  const spec = randomMixture(seed, dim, components, shape);
  expect(mixtureKernelFor(gpu, spec)).toBe('few');
  expect(await worst(gpu, withKernel(spec, 'few'), spec, 9)).toBeLessThan(1);
  const equal = { ...spec, weights: new Float64Array(components).fill(1) };
  expect(await worst(gpu, withKernel(equal, 'few'), equal, 6)).toBeLessThan(1);
});

// One tile of components and several, the last one not full; one span of dimensions and several, whole vec4 and not; one
// workgroup of 32 trajectories and more.
test.skipIf(!canBroadcast(gpu)).each(
  (['shared', 'per-component'] as const).flatMap((shape) =>
    [
      [129, 1],
      [130, 97],
      [200, 10],
      [256, 200],
      [785, 63],
    ].map(([dim, components]) => ({ shape, dim, components })),
  ),
)('by lanes: D of $components components, $shape stds, dim $dim', async ({ shape, dim, components }) => {
  const spec = randomMixture(seed, dim, components, shape);
  expect(await worst(gpu, withKernel(spec, 'lanes'), spec, 9)).toBeLessThan(1);
  const equal = { ...spec, weights: new Float64Array(components).fill(1) };
  expect(await worst(gpu, withKernel(equal, 'lanes'), equal, 45)).toBeLessThan(1);
});

test.each([
  [10, 'per-component'],
  [150, 'shared'],
] as const)(
  '%i components in many dimensions give the same however a batch is split',
  async (components, shape) => {
    const spec = randomMixture(seed, 200, components, shape);
    const { x, sigmas } = noisyStates(seed, spec, 11);
    const field = gaussianMixture(spec);
    const whole = await denoisedOn(gpu, field, x, sigmas);
    // Seven trajectories at a time: what began a workgroup is elsewhere in one.
    const parts = [0, 7].map((begin) =>
      denoisedOn(gpu, field, x.slice(begin * 200, (begin + 7) * 200), sigmas.slice(begin, begin + 7)),
    );
    const joined = (await Promise.all(parts)).flatMap((part) => [...part]);
    expect(joined).toEqual([...whole]);
  },
);

test('which kernel a mixture gets above 128 dimensions', () => {
  const kernel = (dim: number, components: number, on = gpu) =>
    mixtureKernelFor(on, randomMixture(seed, dim, components, 'shared'));
  expect(kernel(128, 10)).toBe('registers');
  expect(kernel(129, 64)).toBe('few');
  expect(kernel(129, 65)).toBe('tiled');
  expect(kernel(1024, 64, smallGpu(2 ** 16))).toBe('tiled');
  // Rows are padded, to 1,024 and 964 numbers: without that 17 of 961 would fit.
  expect(kernel(1021, 16, smallGpu(2 ** 16))).toBe('few');
  expect(kernel(961, 17, smallGpu(2 ** 16))).toBe('tiled');
});

test('784 dimensions take the tiled kernel in stages', async () => {
  const spec = randomMixture(seed, 784, 70, 'shared');
  expect(await worst(gpu, withKernel(spec, 'tiled'), spec, 9)).toBeLessThan(1);
});

const sharded = [
  ...SHAPES.map((shape) => ({ shape, dim: TILED_DIM[shape], kernel: 'tiled' as const })),
  ...(canBroadcast(gpu) ? (['shared', 'per-component'] as const) : []).map((shape) => ({
    shape,
    dim: 131,
    kernel: 'lanes' as const,
  })),
];
test.each(sharded)(
  'components of $shape stds past one binding come in shards, $kernel',
  async ({ shape, dim, kernel }) => {
    const spec = randomMixture(seed, dim, 170, shape);
    // Rows are padded to a multiple of 4 numbers: 50 components a shard, so four shards, the last one of 20.
    const small = smallGpu(50 * Math.ceil(dim / 4) * 16);
    expect(await worst(small, withKernel(spec, kernel), spec, 11)).toBeLessThan(1);
  },
);

test.each([
  [1, 0],
  [3, 0.05],
  [64, 0],
  [130, 0.2],
])('the empirical field in dim %i with bandwidth %d', async (dim, bandwidth) => {
  const source = random(seed, 5);
  const points = Float64Array.from({ length: 100 * dim }, () => Math.fround(source.between(-1, 1)));
  const spec: MixtureSpec = {
    kind: 'gaussian-mixture',
    dim,
    weights: new Float64Array(100).fill(1),
    means: points,
    stds: Float64Array.of(bandwidth),
  };
  expect(await worst(gpu, empirical(points, dim, bandwidth), spec, 25)).toBeLessThan(1);
});

test('with bandwidth 0 a small noise gives the nearest point back', async () => {
  const points = [0, 0, 0, 1, 1, 1, -1, 2, 0];
  const x = Float64Array.of(0.9, 1.1, 1, -0.8, 1.9, 0.1);
  const samples = await denoisedOn(gpu, empirical(points, 3), x, [0.002, 0.002]);
  expect([...samples]).toEqual([1, 1, 1, -1, 2, 0]);
});
