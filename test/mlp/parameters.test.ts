import { expect, test } from 'vitest';
import { FewstepError } from '../../src/errors.js';
import {
  featureGroup,
  frequencies,
  HIDDEN_FEATURES,
  type MlpOptions,
  mlpConfig,
} from '../../src/mlp/config.js';
import { checkParameters, initialParameters, parameterLayout } from '../../src/mlp/parameters.js';
import { MlpReference } from '../../src/mlp/reference.js';

test('tensors do not overlap, start at multiples of four and fill the flat array', () => {
  for (const dim of [1, 2, 3, 4, 64, 785]) {
    const { tensors, size, count } = parameterLayout(mlpConfig({ dim, width: 36, classes: 2 }));
    let end = 0;
    let numbers = 0;
    for (const { rows, columns, offset, stride } of tensors) {
      expect(offset % 4).toBe(0);
      expect(stride).toBe(Math.ceil(columns / 4) * 4);
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(offset - end).toBeLessThan(4 * 36); // at most three rows of padding
      end = offset + rows * stride;
      numbers += rows * columns;
    }
    expect(end).toBe(size);
    expect(numbers).toBe(count);
  }
});

test('the number of parameters is what the formulas say', () => {
  const { count } = parameterLayout(mlpConfig({ dim: 2, width: 64, layers: 3, embedding: { size: 16 } }));
  expect(count).toBe((2 + 16 + 1) * 64 + 2 * (64 + 16 + 1) * 64 + (64 + 16 + 1) * 2);
});

test('fresh parameters make D = c_skip x, and a seed makes them', () => {
  const config = mlpConfig({ dim: 5, width: 64, sigmaData: 0.7, classes: 2 });
  const parameters = initialParameters(config, 3);
  expect(parameters).toEqual(initialParameters(config, 3));
  expect(parameters).not.toEqual(initialParameters(config, 4));
  const x = Float64Array.of(1, -2, 3, 0.5, -0.25);
  const { denoised } = new MlpReference(config, parameters).forward(x, 1.5, 1);
  const skip = 0.7 ** 2 / (0.7 ** 2 + 1.5 ** 2);
  for (const [d, value] of x.entries()) expect(denoised[d]).toBeCloseTo(skip * value, 14);
});

test('fresh hidden layers keep their variance from layer to layer', () => {
  const config = mlpConfig({ dim: 64, width: 512, layers: 6 });
  const network = new MlpReference(config, initialParameters(config, 5));
  const x = Float64Array.from({ length: 64 }, (_, i) => Math.sqrt(2) * Math.sin(i * 1.7));
  const { z } = network.forward(x, Math.sqrt(0.75));
  for (const layer of z) {
    const variance = layer.reduce((sum, value) => sum + value ** 2, 0) / layer.length;
    expect(variance).toBeGreaterThan(0.4);
    expect(variance).toBeLessThan(3);
  }
});

test('features cover every activation once, or repeat them in narrow layers', () => {
  for (const width of [32, 36, 64, 100, 512]) {
    const seen = new Array<number>(width).fill(0);
    for (let j = 0; j < HIDDEN_FEATURES; j++) {
      const { first, end } = featureGroup(width, j);
      for (let i = first; i < end; i++) seen[i]++;
    }
    if (width >= HIDDEN_FEATURES) expect(seen.every((times) => times === 1)).toBe(true);
    else expect(seen.every((times) => times >= 1)).toBe(true);
  }
});

test('positional frequencies are those of transformers', () => {
  const turns = frequencies({ kind: 'positional', size: 8, scale: 1 });
  const radians = [1, 0.1, 0.01, 0.001];
  for (const [k, value] of radians.entries()) expect(turns[k] * 2 * Math.PI).toBeCloseTo(value, 12);
});

test.each<[string, MlpOptions]>([
  ['dim', { dim: 0 }],
  ['dim', { dim: 1025 }],
  ['width', { dim: 2, width: 30 }],
  ['width', { dim: 2, width: 516 }],
  ['layers', { dim: 2, layers: 1 }],
  ['embedding.size', { dim: 2, embedding: { size: 12 } }],
  ['sigmaData', { dim: 2, sigmaData: 0 }],
  ['classes', { dim: 2, classes: -1 }],
])('a wrong %s is refused by name', (name, options) => {
  expect(() => mlpConfig(options)).toThrowError(new RegExp(`${name} is`));
});

test('parameters of another network are refused', () => {
  const config = mlpConfig({ dim: 2 });
  expect(() => checkParameters(config, new Float32Array(7))).toThrowError(FewstepError);
});
