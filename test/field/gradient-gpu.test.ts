import { expect, test } from 'vitest';
import { empirical } from '../../src/field/empirical.js';
import { type Field, preparedGradient } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { random } from '../../src/problem/random.js';
import { gpu } from '../device.js';
import { smallGpu } from '../gpu/small-gpu.js';
import { expectRefused } from '../refusal.js';
import { freshSeed, hostField, noisyStates, randomMixture, type StdShape } from './fixtures.js';
import { gradientsOn, randomCotangents } from './gradient-fixtures.js';
import { roundingOfGradient } from './rounding.js';

const seed = freshSeed();
/** The largest kernel takes some seconds to compile on a software adapter, more on a busy machine. */
const SLOW = 120_000;

/** The largest error of the GPU, in units of what float32 may do: to x, and to sigma. */
async function worst(
  field: Field,
  spec: MixtureSpec,
  batch: number,
): Promise<{ toX: number; toSigma: number }> {
  const { dim } = spec;
  const { x, sigmas } = noisyStates(seed, spec, batch);
  const cotangents = randomCotangents(seed, batch, dim);
  const actual = await gradientsOn(gpu, field, x, sigmas, cotangents);
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
  `the gradient of 5 components, $shape stds, dim $dim (seed ${seed})`,
  async ({ shape, dim }) => {
    const spec = randomMixture(seed, dim, 5, shape);
    const { toX, toSigma } = await worst(gaussianMixture(spec), spec, 67);
    expect(toX).toBeLessThan(1);
    expect(toSigma).toBeLessThan(1);
  },
  SLOW,
);

test.each([
  [2, 0.02],
  [3, 0],
])(
  `the gradient of the empirical field in dim %i with bandwidth %d (seed ${seed})`,
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
    const { toX, toSigma } = await worst(empirical(points, dim, bandwidth), spec, 33);
    expect(toX).toBeLessThan(1);
    expect(toSigma).toBeLessThan(1);
  },
);

test('a mixture that registers or one binding cannot hold says so', async () => {
  const large = gaussianMixture(randomMixture(seed, 129, 2, 'shared'));
  const many = gaussianMixture(randomMixture(seed, 3, 100, 'shared'));
  for (const [on, field] of [[gpu, large] as const, [smallGpu(100 * 4 * 4 - 4), many] as const]) {
    await expectRefused([
      'a gradient of too much',
      () => preparedGradient(on, field),
      'bad-field',
      /no gradient of \d+ components in \d+ dimensions/,
      /up to 128 dimensions/,
    ]);
  }
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
