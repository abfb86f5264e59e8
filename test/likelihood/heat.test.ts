import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { fokkerPlanckResidual } from '../../src/likelihood/fokker-planck.js';
import { heatOf } from '../../src/likelihood/heat.js';
import { loadField } from '../../src/node/field/load.js';
import { problemByName } from '../../src/problem/registry.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { random } from '../../src/rng/random.js';
import { hostField, noisyStates, randomMixture, type StdShape } from '../field/fixtures.js';
import { expectRefusal, expectRefused } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const SHAPES: StdShape[] = ['shared', 'per-component', 'per-dimension'];

describe.each(SHAPES)('noised data of %s stds', (shape) => {
  const dim = 3;
  const spec = randomMixture(seed, dim, 5, shape);
  const heat = heatOf(spec);
  const { x, sigmas } = noisyStates(seed, spec, 25);
  const rows = sigmas.map((sigma, row) => ({ sigma, state: x.subarray(row * dim, (row + 1) * dim) }));

  test('solve the heat equation dp/dt = D_t Laplacian p', () => {
    for (const { sigma, state } of rows) {
      // Whatever the schedule: with sigma = t^2, dp/dt = D_t Laplacian p, D_t = sigma sigma' = 2 t^3.
      const t = Math.sqrt(sigma);
      const at = (time: number) => heat(state, time * time).logDensity;
      const step = 1e-4 * t;
      const slope = (8 * (at(t + step) - at(t - step)) - (at(t + 2 * step) - at(t - 2 * step))) / (12 * step);
      const expected = 2 * t ** 3 * heat(state, sigma).relativeLaplacian;
      // Relative to the terms that the Laplacian adds up; differences lose some 1e-15 |ln p| / step.
      const size = (2 * t ** 3 * dim) / (sigma * sigma);
      expect(Math.abs(slope - expected), `sigma ${sigma}`).toBeLessThan(
        1e-8 * size + 1e-8 * Math.abs(expected) + 1e-9,
      );
    }
  });

  test('have the score and the Laplacian of their density', () => {
    for (const { sigma, state } of rows) {
      const { score, relativeLaplacian } = heat(state, sigma);
      const step = 1e-3 * Math.hypot(sigma, 0.1);
      let laplacian = score.reduce((sum, value) => sum + value * value, 0);
      for (let d = 0; d < dim; d++) {
        const moved = (n: number) =>
          heat(
            state.map((value, i) => (i === d ? value + n * step : value)),
            sigma,
          );
        const [a, b, e, f] = [2, 1, -1, -2].map(moved);
        const slope = (8 * (b.logDensity - e.logDensity) - (a.logDensity - f.logDensity)) / (12 * step);
        expect(Math.abs(slope - score[d]) * Math.hypot(sigma, 0.1)).toBeLessThan(
          1e-6 * (1 + Math.abs(score[d]) * sigma),
        );
        laplacian += (8 * (b.score[d] - e.score[d]) - (a.score[d] - f.score[d])) / (12 * step);
      }
      const size = dim / (sigma * sigma + 0.01);
      expect(Math.abs(laplacian - relativeLaplacian)).toBeLessThan(
        1e-6 * (size + Math.abs(relativeLaplacian)),
      );
    }
  });

  test('are what the denoiser says they are: score = (D - x) / sigma^2', () => {
    const denoised = new Float64Array(dim);
    for (const { sigma, state } of rows) {
      gaussianMixture(spec).denoise!(state, sigma, denoised);
      const { score } = heat(state, sigma);
      for (const [d, value] of score.entries()) {
        const other = (denoised[d] - state[d]) / sigma ** 2;
        expect(Math.abs(value - other) * sigma).toBeLessThan(
          1e-12 + (1e-14 * (1 + Math.abs(state[d]))) / sigma,
        );
      }
    }
  });
});

describe('the Fokker-Planck residual', () => {
  const sigmas = [0.05, 0.5, 5];
  const levels = (field: Field, data: Float64Array, states = 16) =>
    fokkerPlanckResidual(field, { data, sigmas, states, seed });

  test.each<[string, object, string, RegExp]>([
    ['no data', { data: [] }, 'bad-shape', /0 values/],
    ['half a row', { data: [1, 2, 3] }, 'bad-shape', /3 values/],
    ['a negative noise level', { sigmas: [1, -1] }, 'bad-argument', /noise level is -1/],
    ['no states', { states: 0 }, 'bad-argument', /number of states is 0/],
    ['a seed that is none', { seed: Number.NaN }, 'bad-argument', /seed is NaN/],
  ])('refuses %s', async (_, wrong, code, message) => {
    const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));
    await expectRefusal(() => fokkerPlanckResidual(field, { data: [1, 2], sigmas, ...wrong }), code, message);
  });

  test.each(SHAPES.flatMap((shape) => [1, 2, 12].map((dim) => [shape, dim] as const)))(
    'of an exact field is none, for %s stds in dim %i',
    async (shape, dim) => {
      const spec = randomMixture(seed, dim, 4, shape);
      for (const { p95 } of await levels(gaussianMixture(spec), sampleMixture(spec, 16, seed))) {
        expect(p95).toBeLessThan(1e-4);
      }
    },
  );

  test('of a field that no density has is of the size of the score’s slope', async () => {
    const spec = randomMixture(seed, 2, 4, 'shared');
    const { denoise, gradient } = gaussianMixture(spec);
    // A rotation of the drift is divergence-free, and no gradient.
    const turned: Field = {
      ...hostField(2, (x, sigma, out) => {
        denoise!(x, sigma, out);
        const angle = 0.5 / (1 + sigma);
        [out[0], out[1]] = [out[0] - angle * x[1], out[1] + angle * x[0]];
      }),
      gradient(x, sigma, c, out) {
        const toSigma = gradient!(x, sigma, c, out);
        const angle = 0.5 / (1 + sigma);
        out[0] += angle * c[1];
        out[1] -= angle * c[0];
        return toSigma + (0.5 / (1 + sigma) ** 2) * (c[0] * x[1] - c[1] * x[0]);
      },
    };
    const source = random(seed, 3);
    // The gradient is that of the field: otherwise the residual would be of nothing.
    const [x, c, out] = [0, 1, 2].map(() => Float64Array.from({ length: 2 }, () => source.normal()));
    const along = (moved: Float64Array, sigma: number) => {
      turned.denoise!(moved, sigma, out);
      return c[0] * out[0] + c[1] * out[1];
    };
    const [h, sigma] = [1e-5, 0.7];
    const numeric = [0, 1].map((d) => {
      const at = (n: number) =>
        along(
          x.map((value, i) => (i === d ? value + n * h : value)),
          sigma,
        );
      return (at(1) - at(-1)) / (2 * h);
    });
    const slope = (along(x, sigma + h) - along(x, sigma - h)) / (2 * h);
    const pulled = new Float64Array(2);
    expect(turned.gradient!(x, sigma, c, pulled)).toBeCloseTo(slope, 6);
    for (const [d, value] of numeric.entries()) expect(pulled[d]).toBeCloseTo(value, 6);

    for (const { median } of await levels(turned, sampleMixture(spec, 16, seed))) {
      expect(median).toBeGreaterThan(0.02);
    }
  });

  test('of a trained model is what training left, more where the data have detail', async () => {
    const field = await loadField(join(import.meta.dirname, '../../models/two-moons.safetensors'));
    const found = await levels(field, problemByName('two-moons').sample(128, seed), 128);
    // Medians over 2,000 states; those of 128 spread by factors of 1.08, 1.12 and 1.08 from seed to seed.
    const medians = [0.238, 0.117, 0.023];
    for (const [level, { median, p5, p95 }] of found.entries()) {
      expect(Math.abs(Math.log(median / medians[level])), `sigma ${sigmas[level]}`).toBeLessThan(Math.log(2));
      expect(p5).toBeLessThan(median);
      expect(median).toBeLessThan(p95);
    }
  });

  test('needs a float64 gradient', () =>
    expectRefused([
      'a field without one',
      () =>
        levels(
          hostField(2, () => {}),
          new Float64Array(2),
        ),
      'bad-field',
      /'host' has no float64 gradient/,
      /.{10}/,
    ]));
});
