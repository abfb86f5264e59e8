import { describe, expect, test } from 'vitest';
import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import { MlpReference } from '../../src/mlp/reference.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';
import { randomParameters, relativeError } from './fixtures.js';

const networks: MlpOptions[] = [
  { dim: 1, width: 32, layers: 2 },
  { dim: 3, width: 48, layers: 4, residual: true, classes: 3, sigmaData: 1.3 },
  { dim: 2, width: 64, layers: 3, embedding: { kind: 'positional', size: 32, scale: 40 } },
  { dim: 17, width: 32, layers: 8, residual: true },
];

/** Central difference of f along one direction; h suits float64: an error of h^2 against a rounding of 1e-16 / h. */
function centralDifference(f: (t: number) => Float64Array): Float64Array {
  const h = 1e-5;
  const [above, below] = [f(h), f(-h)];
  return above.map((value, i) => (value - below[i]) / (2 * h));
}

describe.each(networks)('the float64 network %o', (options) => {
  const config = mlpConfig(options);
  const seed = freshSeed();
  const draw = random(seed);
  const numbers = (count: number) => Float64Array.from({ length: count }, () => draw.normal());
  const parameters = Float64Array.from(randomParameters(config, draw));
  const network = new MlpReference(config, parameters);
  const sigma = Math.exp(draw.between(-2, 2));
  const x = numbers(config.dim).map((value) => value * (sigma + config.sigmaData));
  const label = Math.floor(draw.uniform() * (config.classes + 1));
  const cotangent = numbers(config.dim);
  const pass = network.forward(x, sigma, label);
  // Differences of h = 1e-5 are exact to about 1e-9 relative to D's third derivative, which the embedding's
  // frequencies may raise to some hundreds.
  const tolerance = 1e-6;

  test('has the Jacobian-vector product of its central differences', () => {
    const dx = numbers(config.dim);
    const dsigma = draw.normal() * sigma;
    const expected = centralDifference((t) => {
      const at = x.map((value, d) => value + t * dx[d]);
      return network.forward(at, sigma + t * dsigma, label).denoised;
    });
    expect(relativeError(network.jvp(pass, dx, dsigma), expected)).toBeLessThan(tolerance);
  });

  test('has the vector-Jacobian product of its central differences', () => {
    const pulled = network.vjp(pass, cotangent);
    const value = (at: Float64Array, noise: number) =>
      Float64Array.of(
        network.forward(at, noise, label).denoised.reduce((sum, d, i) => sum + d * cotangent[i], 0),
      );
    const expected = x.map((_, k) => {
      return centralDifference((t) =>
        value(
          x.map((number, d) => (d === k ? number + t : number)),
          sigma,
        ),
      )[0];
    });
    expect(relativeError(pulled.x, expected)).toBeLessThan(tolerance);
    const along = centralDifference((t) => value(x, sigma + t * sigma));
    expect(relativeError([pulled.sigma * sigma], along)).toBeLessThan(10 * tolerance);
  });

  test('has the parameter gradient of its central differences, in every tensor', () => {
    const layout = parameterLayout(config);
    const gradient = new Float64Array(layout.size);
    network.vjp(pass, cotangent, gradient);
    for (const { name, rows, columns, offset, stride } of layout.tensors) {
      const direction = new Float64Array(layout.size);
      const along = (row: number) =>
        direction.subarray(offset + row * stride, offset + row * stride + columns);
      for (let row = 0; row < rows; row++) along(row).set(numbers(columns));
      const expected = centralDifference((t) => {
        const moved = new MlpReference(
          config,
          parameters.map((value, i) => value + t * direction[i]),
        );
        const { denoised } = moved.forward(x, sigma, label);
        return Float64Array.of(denoised.reduce((sum, d, i) => sum + d * cotangent[i], 0));
      });
      const actual = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      // By the size that such a product has: that of a random direction may happen to be all but 0.
      const size = Math.hypot(...gradient.filter((_, i) => direction[i] !== 0));
      expect(Math.abs(actual - expected[0]) / size, name).toBeLessThan(10 * tolerance);
    }
  });

  test('leaves the padding of the gradient zero', () => {
    const layout = parameterLayout(config);
    const gradient = new Float64Array(layout.size);
    network.vjp(pass, cotangent, gradient);
    for (const { rows, columns, offset, stride } of layout.tensors) {
      for (let row = 0; row < rows; row++) {
        gradient.fill(0, offset + row * stride, offset + row * stride + columns);
      }
    }
    expect(gradient.every((value) => value === 0)).toBe(true);
  });
});
