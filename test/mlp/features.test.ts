import { expect, test } from 'vitest';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { HIDDEN_FEATURES, type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { type MlpFieldOptions, mlpField } from '../../src/mlp/field.js';
import { gpu } from '../device.js';
import { evaluationOn } from '../field/evaluation-fixtures.js';
import { randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { randomCase, relativeError, SLOW } from './fixtures.js';

const BATCH = 21;

test.each<[MlpOptions, MlpFieldOptions]>([
  [{ dim: 3, width: 32, layers: 2 }, {}],
  [
    { dim: 6, width: 128, layers: 3, residual: true, classes: 2 },
    { label: 1, guidance: 2.5 },
  ],
])(
  'the field of %o with %o writes D and the features that it has in float64',
  async (options, fieldOptions) => {
    const config = mlpConfig(options);
    const { dim } = config;
    const given = randomCase(config, BATCH, freshSeed());
    const field = mlpField(given, fieldOptions);
    const denoised = new Float64Array(BATCH * dim);
    const features = new Float64Array(BATCH * HIDDEN_FEATURES);
    for (const [row, sigma] of given.sigma.entries()) {
      const x = Float64Array.from(given.x.subarray(row * dim, (row + 1) * dim));
      field.denoise!(x, sigma, denoised.subarray(row * dim, (row + 1) * dim));
      field.features!(x, sigma, features.subarray(row * HIDDEN_FEATURES, (row + 1) * HIDDEN_FEATURES));
    }
    const actual = await evaluationOn(gpu, field, given.x, given.sigma, { withFeatures: true });
    // As test/mlp/fixtures.ts reasons.
    expect(relativeError(actual.features, features)).toBeLessThan(1e-4);
    expect(relativeError(actual.denoised, denoised)).toBeLessThan(1e-4);
    const without = await evaluationOn(gpu, field, given.x, given.sigma, { withFeatures: false });
    expect(without.features.every(Number.isNaN)).toBe(true);
    expect(without.denoised).toEqual(actual.denoised);
  },
  SLOW,
);

test('a field without features leaves the buffer alone', async () => {
  const field = gaussianMixture(randomMixture(freshSeed(), 2, 3, 'shared'));
  const [x, sigmas] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(0.5, 2)];
  expect(field.features).toBeUndefined();
  const { features } = await evaluationOn(gpu, field, x, sigmas, { withFeatures: true });
  expect(features.every(Number.isNaN)).toBe(true);
});
