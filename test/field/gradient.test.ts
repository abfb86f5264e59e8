import { expect, test } from 'vitest';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';
import { randomMixture, type StdShape } from './fixtures.js';

const seed = freshSeed();
const SHAPES: StdShape[] = ['shared', 'per-component', 'per-dimension'];
const SIGMAS = [0.002, 0.05, 0.3, 1, 10, 80];

/** States as they occur at a noise level: data and noise. */
function stateAt(spec: ReturnType<typeof randomMixture>, sigma: number, draw: number): Float64Array {
  const source = random(seed, 100 + draw);
  return sampleMixture(spec, 1, seed + draw).map((value) => value + sigma * source.normal());
}

/** cotangent . D at a state moved by `shift` along coordinate d; along sigma for d = dim. */
function projected(field: Field, x: Float64Array, sigma: number, c: Float64Array, d: number, shift: number) {
  const moved = x.map((value, i) => (i === d ? value + shift : value));
  const D = new Float64Array(x.length);
  field.denoise!(moved, d === x.length ? sigma + shift : sigma, D);
  return D.reduce((sum, value, i) => sum + c[i] * value, 0);
}

test.each(SHAPES.flatMap((shape) => [1, 2, 3, 5].map((dim) => [shape, dim] as const)))(
  'the closed form is the derivative of D, for %s stds in dim %i',
  (shape, dim) => {
    const spec = randomMixture(seed, dim, 5, shape);
    const field = gaussianMixture(spec);
    for (const [draw, sigma] of SIGMAS.entries()) {
      const x = stateAt(spec, sigma, draw);
      const source = random(seed, 200 + draw);
      const c = Float64Array.from({ length: dim }, () => source.normal());
      const actual = new Float64Array(dim + 1);
      actual[dim] = field.gradient!(x, sigma, c, actual.subarray(0, dim));
      // Fourth-order differences. D changes over lengths from the smallest std on, and over sigma.
      const scale = Math.hypot(0.1, sigma);
      const h = 1e-3 * scale;
      for (let d = 0; d <= dim; d++) {
        const step = d < dim ? h : 1e-3 * sigma;
        const [a, b, e, f] = [2, 1, -1, -2].map((n) => projected(field, x, sigma, c, d, n * step));
        const expected = (8 * (b - e) - (a - f)) / (12 * step);
        // Relative to the whole gradient's size; and D's own rounding, some 1e-16 of |x| |c|, over the step.
        const size = Math.hypot(...actual.subarray(0, dim));
        const tolerance =
          1e-6 * (d < dim ? size : Math.abs(expected)) + (1e-14 * (1 + Math.hypot(...x))) / step;
        expect(Math.abs(actual[d] - expected), `sigma ${sigma}, coordinate ${d}`).toBeLessThan(tolerance);
      }
    }
  },
);

test.each(SHAPES)('the Jacobian is symmetric, for %s stds', (shape) => {
  const dim = 4;
  const spec = randomMixture(seed, dim, 6, shape);
  const field = gaussianMixture(spec);
  for (const [draw, sigma] of SIGMAS.entries()) {
    const x = stateAt(spec, sigma, draw);
    const rows = Array.from({ length: dim }, (_, d) => {
      const row = new Float64Array(dim);
      field.gradient!(
        x,
        sigma,
        Float64Array.from({ length: dim }, (_, i) => (i === d ? 1 : 0)),
        row,
      );
      return row;
    });
    const size = Math.max(...rows.flatMap((row) => [...row.map(Math.abs)]));
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j < i; j++) expect(Math.abs(rows[i][j] - rows[j][i])).toBeLessThan(1e-12 * size);
    }
  }
});
