import { expect, test } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import { type MlpFieldOptions, mlpField } from '../../src/mlp/field.js';
import { gpu } from '../device.js';
import { gradientsOn } from '../field/gradient-fixtures.js';
import { freshSeed } from '../seed.js';
import { randomCase, relativeError, SLOW } from './fixtures.js';

const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3 });
const batch = 37;
const given = randomCase(config, batch, freshSeed());
const rowOf = (values: Float32Array, row: number) =>
  Float64Array.from(values.subarray(row * config.dim, (row + 1) * config.dim));

test.each<MlpFieldOptions>([{ label: 1 }, { label: 0, guidance: 2.5 }, { label: 2, guidance: -1 }])(
  'a network as a field, %o, has the gradient that it has in float64',
  async (options) => {
    const field = mlpField(given, options);
    const [x, c] = [given.x, given.cotangent].map((values) => Float64Array.from(values));
    const actual = await gradientsOn(gpu, field, x, given.sigma, c);
    const toX = new Float64Array(batch * config.dim);
    const toSigma = Float64Array.from(given.sigma, (sigma, row) => {
      const out = toX.subarray(row * config.dim, (row + 1) * config.dim);
      return field.gradient!(rowOf(given.x, row), sigma, rowOf(given.cotangent, row), out);
    });
    // As test/mlp/fixtures.ts reasons.
    expect(relativeError(actual.toX, toX)).toBeLessThan(1e-4);
    expect(relativeError(actual.toSigma, toSigma)).toBeLessThan(1e-4);
  },
  SLOW,
);

test('the gradient of a guided network is the derivative of its D, in float64', () => {
  const field = mlpField(given, { label: 2, guidance: 3 });
  const [x, c] = [rowOf(given.x, 0), rowOf(given.cotangent, 0)];
  const sigma = given.sigma[0];
  const gradient = new Float64Array(config.dim + 1);
  gradient[config.dim] = field.gradient!(x, sigma, c, gradient.subarray(0, config.dim));
  const projected = (d: number, shift: number) => {
    const D = new Float64Array(config.dim);
    const moved = x.map((value, i) => (i === d ? value + shift : value));
    field.denoise!(moved, d === config.dim ? sigma + shift : sigma, D);
    return D.reduce((sum, value, i) => sum + c[i] * value, 0);
  };
  // The third derivative costs 1e-10 and rounding, 1e-16 over the step, 1e-11.
  const h = 1e-5 * sigma;
  const differences = gradient.map((_, d) => (projected(d, h) - projected(d, -h)) / (2 * h));
  expect(relativeError(gradient, differences)).toBeLessThan(1e-6);
});
