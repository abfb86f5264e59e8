import { expect, test } from 'vitest';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { type MixtureKernel, mixtureKernelFor } from '../../src/field/prepared-mixture.js';
import { prepareMixtureDivergence } from '../../src/field/prepared-mixture-divergence.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { asHardware, hasTeams, TEAM_DIMS } from '../as-hardware.js';
import { gpu } from '../device.js';
import { smallGpu } from '../gpu/small-gpu.js';
import { freshSeed } from '../seed.js';
import { divergenceOn } from './divergence-fixtures.js';
import { noisyStates, randomMixture, type StdShape } from './fixtures.js';
import { roundingOfDivergence, roundingOfDrift } from './rounding.js';

const seed = freshSeed();
/** The largest kernel takes some seconds to compile on a software adapter, more on a busy machine. */
const SLOW = 120_000;
const SHAPES: StdShape[] = ['shared', 'per-component', 'per-dimension'];

/** dim - tr dD/dx by vector-Jacobian products with unit vectors. */
function byProducts(field: Field, x: Float64Array, sigma: number): number {
  const column = new Float64Array(x.length);
  return x.reduce((left, _, d) => {
    const unit = Float64Array.from(x, (_, i) => (i === d ? 1 : 0));
    field.gradient!(x, sigma, unit, column);
    return left + 1 - column[d];
  }, 0);
}

test.each(SHAPES.flatMap((shape) => [1, 2, 5, 17].map((dim) => [shape, dim] as const)))(
  'the closed form is the trace of the Jacobian, for %s stds in dim %i',
  (shape, dim) => {
    const spec = randomMixture(seed, dim, 6, shape);
    const field = gaussianMixture(spec);
    const { x, sigmas } = noisyStates(seed, spec, 31);
    const [drift, denoised] = [new Float64Array(dim), new Float64Array(dim)];
    for (const [row, sigma] of sigmas.entries()) {
      const state = x.subarray(row * dim, (row + 1) * dim);
      const divergence = field.divergence!(state, sigma, drift);
      expect(Math.abs(divergence - byProducts(field, state, sigma)) / dim, `sigma ${sigma}`).toBeLessThan(
        1e-11,
      );
      field.denoise!(state, sigma, denoised);
      for (const [d, value] of drift.entries()) {
        expect(Math.abs(value - (state[d] - denoised[d]))).toBeLessThan(1e-13 * (1 + Math.abs(state[d])));
      }
    }
  },
);

/** The largest errors of the GPU, in units of what float32 may do. */
async function worst(on: Gpu, spec: MixtureSpec, batch: number, kernel?: MixtureKernel) {
  const { dim } = spec;
  const { x, sigmas } = noisyStates(seed, spec, batch);
  const prepared = await prepareMixtureDivergence(on, spec, kernel);
  const actual = await divergenceOn(on, prepared, x, sigmas);
  const subtracts = ['few', 'tiled'].includes(kernel ?? mixtureKernelFor(on, spec));
  const field = gaussianMixture(spec);
  const ratio = { drift: 0, divergence: 0 };
  // A NaN is the worst of all.
  const worse = (worst: number, error: number) =>
    error <= worst ? worst : Number.isNaN(error) ? Infinity : error;
  const drift = new Float64Array(dim);
  for (const [row, sigma] of sigmas.entries()) {
    const state = x.subarray(row * dim, (row + 1) * dim);
    const divergence = field.divergence!(state, sigma, drift);
    const bound = roundingOfDrift(spec, state, sigma);
    for (const [d, value] of drift.entries()) {
      ratio.drift = worse(ratio.drift, Math.abs(actual.drift[row * dim + d] - value) / bound[d]);
    }
    const allowed = roundingOfDivergence(spec, state, sigma, subtracts);
    ratio.divergence = worse(ratio.divergence, Math.abs(actual.divergence[row] - divergence) / allowed);
  }
  return ratio;
}

async function expectWithinRounding(on: Gpu, spec: MixtureSpec, batch: number, kernel?: MixtureKernel) {
  const { drift, divergence } = await worst(on, spec, batch, kernel);
  expect(drift).toBeLessThan(1);
  expect(divergence).toBeLessThan(1);
}

test.each([
  ...SHAPES.flatMap((shape) => [1, 2, 3, 4, 5].map((dim) => ({ shape, dim, components: 5 }))),
  { shape: 'shared' as const, dim: 64, components: 5 },
  { shape: 'per-dimension' as const, dim: 130, components: 70 },
  { shape: 'per-component' as const, dim: 784, components: 5 },
])(
  'the drift and its divergence of $components components, $shape stds, dim $dim',
  ({ shape, dim, components }) => expectWithinRounding(gpu, randomMixture(seed, dim, components, shape), 67),
  SLOW,
);

test.skipIf(!hasTeams).each(TEAM_DIMS.map((dim, i) => ({ dim, shape: SHAPES[(seed + i) % 3] })))(
  'by teams of lanes, for $shape stds in dim $dim',
  ({ dim, shape }) => expectWithinRounding(asHardware, randomMixture(seed, dim, 5, shape), 61),
  SLOW,
);

test.each(SHAPES)(
  'streamed, in tiles and in shards, for %s stds',
  async (shape) => {
    const spec = randomMixture(seed, 6, 170, shape);
    await expectWithinRounding(gpu, spec, 21, 'tiled');
    // 50 components a shard, so four shards, the last one of 20.
    await expectWithinRounding(smallGpu(50 * 8 * 4), spec, 21);
  },
  SLOW,
);

test(
  'data without a width: the rows themselves',
  async () => {
    for (const dim of [2, 6, 130]) {
      const rows = randomMixture(seed, dim, 90, 'shared');
      await expectWithinRounding(gpu, { ...rows, stds: Float64Array.of(0) }, 33);
    }
  },
  SLOW,
);
