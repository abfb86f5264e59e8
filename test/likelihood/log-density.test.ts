import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { exactLogDensity } from '../../src/likelihood/heat.js';
import { logDensity, logDensityReference } from '../../src/likelihood/log-density.js';
import { loadField } from '../../src/node/field/load.js';
import { problemByName } from '../../src/problem/registry.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { gpu } from '../device.js';
import { hostField, randomMixture } from '../field/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const SLOW = 180_000;
const SIGMA_MIN = 0.002;
const tight = { rtol: 1e-6, atol: 1e-6 };

function farthest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Array.from(expected, (value, i) => Math.abs(actual[i] - value)).reduce((a, b) => Math.max(a, b), 0);
}

/** A mixture with states drawn from it, exact in float32. */
function drawn(dim: number, components: number, count: number) {
  const spec = randomMixture(seed, dim, components, 'per-component');
  return { spec, states: sampleMixture(spec, count, seed).map(Math.fround) };
}

describe('of exact fields to 1e-3 nats', () => {
  test.each([
    [1, 1],
    [2, 1],
    [1, 5],
    [2, 7],
    [5, 4],
    [24, 3],
  ])(
    'in dim %i with %i components',
    async (dim, components) => {
      const { spec, states } = drawn(dim, components, 40);
      const field = gaussianMixture(spec);
      const exact = exactLogDensity(spec, states, SIGMA_MIN);
      const options = { states, prior: 'gaussian' as const };
      const { logDensity: found } = await logDensity(gpu, field, { ...options, steps: tight });
      expect(farthest(found, exact)).toBeLessThan(1e-3);
      // Of order 4 and more: with seed 612571974 in dim 24 half as many leave 1.9e-3, these 8.6e-5.
      const equal = await logDensity(gpu, field, { ...options, steps: { nfe: 960 } });
      expect(farthest(equal.logDensity, exact)).toBeLessThan(1e-3);
    },
    SLOW,
  );

  test(
    'streamed data with a width',
    async () => {
      const spec = { ...randomMixture(seed, 130, 90, 'shared'), stds: Float64Array.of(0.3) };
      const states = sampleMixture(spec, 6, seed).map(Math.fround);
      const { logDensity: found } = await logDensity(gpu, gaussianMixture(spec), {
        states,
        prior: 'gaussian',
        steps: tight,
      });
      expect(farthest(found, exactLogDensity(spec, states, SIGMA_MIN))).toBeLessThan(1e-3);
    },
    SLOW,
  );

  test(
    'with the latents’ prior it is off by what the data’s mean does there',
    async () => {
      const dim = 3;
      const { spec, states } = drawn(dim, 4, 30);
      const moved = { ...spec, means: spec.means.map((value) => value + 2) };
      const at = states.map((value) => Math.fround(value + 2));
      const run = (prior: 'latents' | 'gaussian') =>
        logDensity(gpu, gaussianMixture(moved), { states: at, prior, steps: tight });
      const [latents, gaussian] = [await run('latents'), await run('gaussian')];
      const exact = exactLogDensity(moved, at, SIGMA_MIN);
      expect(farthest(gaussian.logDensity, exact)).toBeLessThan(1e-3);
      // ln N(x; 0, S^2) - ln N(x; m, S^2) = (|m|^2 - 2 x.m) / (2 S^2), all but the variance's part of some 1e-3.
      const mean = 2;
      const predicted = Float64Array.from(exact, (value, row) => {
        let [product, squared] = [0, 0];
        for (let d = 0; d < dim; d++) {
          const own =
            mean +
            spec.weights.reduce((sum, w, k) => sum + w * spec.means[k * dim + d], 0) /
              spec.weights.reduce((a, b) => a + b, 0);
          product += latents.latents[row * dim + d] * own;
          squared += own * own;
        }
        return value + (squared - 2 * product) / (2 * 80 ** 2);
      });
      expect(farthest(latents.logDensity, exact)).toBeGreaterThan(0.02);
      expect(farthest(latents.logDensity, predicted)).toBeLessThan(3e-3);
    },
    SLOW,
  );

  test('at another sigma_min', async () => {
    const { spec, states } = drawn(2, 5, 30);
    const { logDensity: found } = await logDensity(gpu, gaussianMixture(spec), {
      states,
      prior: 'gaussian',
      steps: tight,
      range: { sigmaMin: 0.3, sigmaMax: 200 },
    });
    expect(farthest(found, exactLogDensity(spec, states, 0.3))).toBeLessThan(1e-3);
  });
});

test(
  `Hutchinson's estimate is unbiased, and its standard error true`,
  async () => {
    const { spec, states } = drawn(6, 4, 200);
    const field = gaussianMixture(spec);
    const exact = await logDensity(gpu, field, { states });
    const probes = 4;
    const { logDensity: found, probeError } = await logDensity(gpu, field, {
      states,
      divergence: { kind: 'hutchinson', probes, seed },
    });
    const offs = Array.from(found, (value, row) => value - exact.logDensity[row]);
    // Probes of different trajectories are independent: the mean over trajectories errs by far less.
    const variance = probeError!.reduce((sum, error) => sum + error ** 2, 0) / probeError!.length;
    const mean = offs.reduce((sum, off) => sum + off, 0) / offs.length;
    expect(variance).toBeGreaterThan(1e-4);
    expect(Math.abs(mean) / Math.sqrt(variance / offs.length)).toBeLessThan(5);
    const real = offs.reduce((sum, off) => sum + off ** 2, 0) / offs.length;
    expect(real / variance).toBeGreaterThan(0.5);
    expect(real / variance).toBeLessThan(2);

    const again = await logDensity(gpu, field, {
      states: states.subarray(0, 60),
      divergence: { kind: 'hutchinson', probes, seed },
      chunk: 7,
    });
    expect(again.logDensity).toEqual(found.subarray(0, 10));
    const other = await logDensity(gpu, field, {
      states: states.subarray(0, 60),
      divergence: { kind: 'hutchinson', probes, seed: seed + 1 },
    });
    expect(other.logDensity).not.toEqual(found.subarray(0, 10));
  },
  SLOW,
);

/** Sum over a square grid of densities times its cells. */
async function mass(
  field: Parameters<typeof logDensity>[1],
  [centre, half, cells]: [number, number, number],
  sigmaMin: number,
): Promise<number> {
  const cell = (2 * half) / cells;
  const axis = Array.from({ length: cells }, (_, i) => centre - half + (i + 0.5) * cell);
  const states = axis.flatMap((y) => axis.flatMap((x) => [x, y]));
  const { logDensity: found } = await logDensity(gpu, field, { states, range: { sigmaMin } });
  return found.reduce((sum, value) => sum + Math.exp(value), 0) * cell * cell;
}

describe('the density on a plane integrates to 1', () => {
  test(
    'of a mixture',
    async () => {
      const { spec } = drawn(2, 4, 1);
      expect(Math.abs((await mass(gaussianMixture(spec), [0, 3.2, 80], 0.002)) - 1)).toBeLessThan(1e-3);
    },
    SLOW,
  );

  test(
    'of the model of two moons, which carries mass and nothing else',
    async () => {
      const field = await loadField(join(import.meta.dirname, '../../models/two-moons.safetensors'));
      expect(Math.abs((await mass(field, [0, 2.4, 48], 0.06)) - 1)).toBeLessThan(0.01);
    },
    SLOW,
  );
});

test(
  'the model of two moons: as in float64, and near the density that it learned',
  async () => {
    const field = await loadField(join(import.meta.dirname, '../../models/two-moons.safetensors'));
    const { mixture } = problemByName('two-moons');
    const rows = 400;
    const states = sampleMixture(mixture, rows, seed).map(Math.fround);
    const options = { range: { sigmaMin: 0.02 }, steps: tight };
    // Float64 takes a while.
    const few = states.subarray(0, 12 * 2);
    const onGpu = await logDensity(gpu, field, { ...options, states });
    const inFloat64 = await logDensityReference(field, { ...options, states: few });
    // The score is some 1 / sigma_min: it makes 1e-4 of what steps and float32 do to a state.
    expect(farthest(onGpu.logDensity.subarray(0, 12), inFloat64.logDensity)).toBeLessThan(2e-3);
    const exact = exactLogDensity(mixture, states, 0.02);
    // The Kullback-Leibler divergence of what it learned, 0.177 nats over 4,000 rows; row by row they spread by 0.42.
    const divergence = exact.reduce((sum, value, row) => sum + value - onGpu.logDensity[row], 0) / rows;
    expect(Math.abs(divergence - 0.177)).toBeLessThan((5 * 0.42) / Math.sqrt(rows));
  },
  SLOW,
);

const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
const states = [0, 0];
const refusals: Refusal[] = [
  [
    'an empty range',
    () => logDensity(gpu, field, { states, range: { sigmaMin: 90 } }),
    'bad-argument',
    /sigma_min 90 and sigma_max 80 span no range/,
    /sigma_min < sigma_max/,
  ],
  [
    'an unknown prior',
    () => logDensity(gpu, field, { states, prior: 'gausian' as 'gaussian' }),
    'unknown-name',
    /gausian/,
    /did you mean 'gaussian'/,
  ],
  [
    'moments that are not known, without a GPU',
    () =>
      logDensityReference(
        hostField(2, () => {}),
        { states, prior: 'gaussian' },
      ),
    'bad-field',
    /not known/,
    /.{10}/,
  ],
  ['no states', () => logDensity(gpu, field, { states: [] }), 'bad-shape', /0 numbers/, /rows of 2/],
];
test.each(refusals)('%s is refused', (...refusal) => expectRefused(refusal));
