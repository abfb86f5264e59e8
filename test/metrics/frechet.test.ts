import { describe, expect, it } from 'vitest';
import { frechetDistance, frechetReference } from '../../src/metrics/frechet.js';
import { timesTransposed } from '../../src/metrics/matrix-product.js';
import { sampleMoments } from '../../src/metrics/moments.js';
import { freshSeed } from '../seed.js';
import { normals, reversed, translate } from './fixtures.js';

const identity = (dim: number) => Float64Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) ? 0 : 1));

/** A random symmetric positive definite matrix, about the identity in size. */
function positiveDefinite(dim: number, seed: number): Float64Array {
  const factor = normals(dim, dim, seed);
  const one = identity(dim);
  return timesTransposed(factor, factor, dim, true).map((value, i) => value / dim + 0.1 * one[i]);
}

describe('Frechet distance', () => {
  it('on the line is that of the means and standard deviations', () => {
    // Means 2 and 7, standard deviations 1 and 3.
    const a = Float64Array.of(1, 2, 3);
    const b = Float64Array.of(4, 7, 10);
    expect(frechetDistance(a, b, 1)).toBeCloseTo(25 + 4, 12);
  });

  // T symmetric and positive definite is the optimal map from N(m, S) to N(T m, T S T), so that the distance
  // is E|x - T x|^2: exact for covariances that do not commute, and for singular ones.
  it.each([
    ['full rank', 5, 40],
    ['full rank', 32, 100],
    ['fewer samples than dimensions', 24, 10],
    ['two samples', 3, 2],
  ])('of a linear map is exact: %s, dimension %d, %d samples', (_, dim, count) => {
    const seed = freshSeed();
    const x = translate(normals(count, dim, seed), [0.5]);
    const map = positiveDefinite(dim, seed + 1);
    const y = timesTransposed(x, map, dim);
    const { mean, covariance } = sampleMoments(
      x.map((value, i) => value - y[i]),
      dim,
    );
    let expected = mean.reduce((sum, value) => sum + value * value, 0);
    for (let d = 0; d < dim; d++) expected += covariance[d * dim + d];
    // Eigenvalues below rounding, dim * 2e-16 of the largest, may be lost with their roots.
    const tolerance = 1e-6 * expected;
    expect(Math.abs(frechetDistance(x, y, dim) - expected)).toBeLessThan(tolerance);
    expect(Math.abs(frechetDistance(y, x, dim) - expected)).toBeLessThan(tolerance);
  });

  it.each([
    [4, 50],
    [64, 20],
  ])('is zero for the same samples in another order, dimension %d, %d samples', (dim, count) => {
    const seed = freshSeed();
    const x = normals(count, dim, seed);
    expect(frechetDistance(x, reversed(x, dim), dim)).toBeLessThan(1e-10 * dim);
  });

  it('grows by the squared length of a translation', () => {
    const x = normals(30, 3, freshSeed());
    expect(frechetDistance(translate(x, [1, 2, -2]), x, 3)).toBeCloseTo(9, 9);
  });

  it('is the trace where one side is a point', () => {
    const x = Float64Array.of(1, 2, 3);
    expect(frechetDistance(x, new Float64Array(4), 1)).toBeCloseTo(4 + 1, 12);
    expect(frechetDistance(new Float64Array(4), x, 1)).toBeCloseTo(4 + 1, 12);
    expect(frechetDistance(new Float64Array(4), new Float64Array(6), 2)).toBe(0);
  });

  it('is the same with a prepared reference, which it does not change', () => {
    const [x, y] = [normals(40, 6, 1), normals(50, 6, 2)];
    const reference = frechetReference(y, 6);
    expect(frechetDistance(x, reference, 6)).toBe(frechetDistance(x, y, 6));
    expect(frechetDistance(x, reference, 6)).toBe(frechetDistance(x, y, 6));
    expect(() => frechetDistance(x, reference, 3)).toThrow(
      'dimension 3 meet a Frechet reference of dimension 6',
    );
  });
});
