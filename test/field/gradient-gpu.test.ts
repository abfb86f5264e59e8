import { expect, test } from 'vitest';
import { empirical } from '../../src/field/empirical.js';
import { type Field, preparedGradient } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { prepareMixtureGradient } from '../../src/field/prepared-mixture-gradient.js';
import { canBroadcast } from '../../src/gpu/broadcast.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { random } from '../../src/rng/random.js';
import { asHardware, hasTeams, TEAM_DIMS } from '../as-hardware.js';
import { gpu } from '../device.js';
import { smallGpu } from '../gpu/small-gpu.js';
import { expectRefused } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { hostField, noisyStates, randomMixture, type StdShape } from './fixtures.js';
import { gradientsOn, randomCotangents } from './gradient-fixtures.js';
import { roundingOfGradient } from './rounding.js';

const seed = freshSeed();
/** The largest kernel takes some seconds to compile on a software adapter, more on a busy machine. */
const SLOW = 120_000;

/** The largest error of the GPU, in units of what float32 may do: to x, and to sigma. */
async function worst(
  on: Gpu,
  field: Field,
  spec: MixtureSpec,
  batch: number,
): Promise<{ toX: number; toSigma: number }> {
  const { dim } = spec;
  const { x, sigmas } = noisyStates(seed, spec, batch);
  const cotangents = randomCotangents(seed, batch, dim);
  const actual = await gradientsOn(on, field, x, sigmas, cotangents);
  const ratio = { toX: 0, toSigma: 0 };
  const toX = new Float64Array(dim);
  for (const [row, sigma] of sigmas.entries()) {
    const [state, c] = [x, cotangents].map((values) => values.subarray(row * dim, (row + 1) * dim));
    const toSigma = field.gradient!(state, sigma, c, toX);
    const bound = roundingOfGradient(spec, state, sigma, c);
    // A NaN is the worst of all.
    const worse = (worst: number, error: number) =>
      error <= worst ? worst : Number.isNaN(error) ? Infinity : error;
    for (let d = 0; d < dim; d++) {
      ratio.toX = worse(ratio.toX, Math.abs(actual.toX[row * dim + d] - toX[d]) / bound[d]);
    }
    ratio.toSigma = worse(ratio.toSigma, Math.abs(actual.toSigma[row] - toSigma) / bound[dim]);
  }
  return ratio;
}

const SHAPES: StdShape[] = ['shared', 'per-component', 'per-dimension'];
const cases = [
  ...SHAPES.flatMap((shape) => [1, 2, 3, 4, 5].map((dim) => ({ shape, dim }))),
  // Unrolled for as many registers, it takes long to compile: one shape is enough.
  { shape: 'shared' as const, dim: 64 },
];

test.each(cases)(
  'the gradient of 5 components, $shape stds, dim $dim',
  async ({ shape, dim }) => {
    const spec = randomMixture(seed, dim, 5, shape);
    const { toX, toSigma } = await worst(gpu, gaussianMixture(spec), spec, 67);
    expect(toX).toBeLessThan(1);
    expect(toSigma).toBeLessThan(1);
  },
  SLOW,
);

test.each([
  [2, 0.02],
  [3, 0],
  [130, 0.2],
])(
  'the gradient of the empirical field in dim %i with bandwidth %d',
  async (dim, bandwidth) => {
    const source = random(seed, 5);
    const points = Float64Array.from({ length: 100 * dim }, () => Math.fround(source.between(-1, 1)));
    const spec: MixtureSpec = {
      kind: 'gaussian-mixture',
      dim,
      weights: new Float64Array(100).fill(1),
      means: points,
      stds: Float64Array.of(bandwidth),
    };
    const { toX, toSigma } = await worst(gpu, empirical(points, dim, bandwidth), spec, 33);
    expect(toX).toBeLessThan(1);
    expect(toSigma).toBeLessThan(1);
  },
  SLOW,
);

// In pairs where lanes tell each other what they load: an even and an odd last one, one to eight
// chunks of the sums.
test.each(
  (['shared', 'per-component'] as const).flatMap((shape) =>
    [
      [5, 25],
      [24, 40],
      [128, 31],
    ].map(([dim, components]) => ({ shape, dim, components })),
  ),
)(
  'the gradient of $components components in registers, $shape stds, dim $dim',
  async ({ shape, dim, components }) => {
    const spec = randomMixture(seed, dim, components, shape);
    for (const weights of [spec.weights, new Float64Array(components).fill(1)]) {
      const own = { ...spec, weights };
      const { toX, toSigma } = await worst(gpu, gaussianMixture(own), own, 19);
      expect(toX).toBeLessThan(1);
      expect(toSigma).toBeLessThan(1);
    }
  },
  SLOW,
);

test.skipIf(!hasTeams).each(TEAM_DIMS.map((dim, i) => ({ dim, shape: SHAPES[(seed + i) % 3] })))(
  'by teams of lanes: the gradient of 5 components, $shape stds, dim $dim',
  async ({ dim, shape }) => {
    const spec = randomMixture(seed, dim, 5, shape);
    for (const batch of [9, 61]) {
      const { toX, toSigma } = await worst(asHardware, gaussianMixture(spec), spec, batch);
      expect(toX).toBeLessThan(1);
      expect(toSigma).toBeLessThan(1);
    }
  },
  SLOW,
);

const streamed =
  (kernel: 'tiled' | 'lanes') =>
  (spec: MixtureSpec): Field => ({
    ...gaussianMixture(spec),
    prepareGradient: (on) => prepareMixtureGradient(on, spec, kernel),
  });
const tiled = streamed('tiled');

// A tile of 48 components and several, segments and several; spans of dimensions that come out even and one; more than a
// workgroup of 32 trajectories.
test.skipIf(!canBroadcast(gpu)).each(
  (['shared', 'per-component'] as const).flatMap((shape) =>
    [
      [129, 5],
      [200, 48],
      [6, 350],
      [256, 70],
    ].map(([dim, components]) => ({ shape, dim, components })),
  ),
)(
  'by lanes: the gradient of $components components, $shape stds, dim $dim',
  async ({ shape, dim, components }) => {
    const spec = randomMixture(seed, dim, components, shape);
    for (const weights of [spec.weights, new Float64Array(components).fill(1)]) {
      const own = { ...spec, weights };
      const { toX, toSigma } = await worst(gpu, streamed('lanes')(own), own, 37);
      expect(toX).toBeLessThan(1);
      expect(toSigma).toBeLessThan(1);
    }
  },
  SLOW,
);

test.each([
  // More than one tile of 64 components in a segment of 256, more than one segment, the last tile not full.
  ...SHAPES.map((shape) => ({ shape, dim: 6, components: 350, of: tiled })),
  // Streamed by themselves; 130 dimensions are the empirical field's.
  { shape: 'per-component' as const, dim: 256, components: 70, of: tiled },
  { shape: 'per-dimension' as const, dim: 784, components: 5, of: gaussianMixture },
])(
  'the streamed gradient of $components components, $shape stds, dim $dim',
  async ({ shape, dim, components, of }) => {
    const spec = randomMixture(seed, dim, components, shape);
    const { toX, toSigma } = await worst(gpu, of(spec), spec, 21);
    expect(toX).toBeLessThan(1);
    expect(toSigma).toBeLessThan(1);
  },
  SLOW,
);

test.each(SHAPES)(
  'the gradient of components of %s stds past one binding comes in shards, and spans of the batch',
  async (shape) => {
    const spec = randomMixture(seed, 6, 170, shape);
    // 50 components a shard, so four shards, the last one of 20; and at most three trajectories' sums at once.
    const small = smallGpu(50 * 8 * 4);
    const { toX, toSigma } = await worst(small, gaussianMixture(spec), spec, 21);
    expect(toX).toBeLessThan(1);
    expect(toSigma).toBeLessThan(1);
  },
  SLOW,
);

test('a streamed gradient has the same bits whatever the batch', async () => {
  const dim = 6;
  const spec = randomMixture(seed, dim, 350, 'shared');
  const { x, sigmas } = noisyStates(seed, spec, 37);
  const cotangents = randomCotangents(seed, 37, dim);
  const whole = await gradientsOn(gpu, tiled(spec), x, sigmas, cotangents);
  for (const [first, last] of [
    [0, 1],
    [1, 20],
    [20, 37],
  ]) {
    const part = (values: Float64Array) => values.slice(first * dim, last * dim);
    const alone = await gradientsOn(gpu, tiled(spec), part(x), sigmas.slice(first, last), part(cotangents));
    expect(alone.toX).toEqual(whole.toX.slice(first * dim, last * dim));
    expect(alone.toSigma).toEqual(whole.toSigma.slice(first, last));
  }
});

test('a mixture whose sums for one trajectory do not fit a binding says so', async () => {
  const field = gaussianMixture(randomMixture(seed, 3, 100, 'shared'));
  await expectRefused([
    'a gradient of too much',
    () => preparedGradient(smallGpu(4 * 4), field),
    'device-limit',
    /100 components in 3 dimensions keeps \d+ bytes a trajectory/,
    /fewer rows or features/,
  ]);
});

test('a field without a gradient says so', async () => {
  await expectRefused([
    'a gradient of a host field',
    () =>
      preparedGradient(
        gpu,
        hostField(2, () => {}),
      ),
    'bad-field',
    /the field 'host' has no gradient/,
    /a field with a gradient/,
  ]);
});
