import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { timesTransposed } from '../../src/metrics/matrix-product.js';
import { sampleMoments } from '../../src/metrics/moments.js';
import { symmetricEigenvalues } from '../../src/metrics/symmetric-eigenvalues.js';
import { freshSeed } from '../seed.js';
import { normals } from './fixtures.js';

const matrixOf = (values: Float64Array, rows: number) =>
  Matrix.from1DArray(rows, values.length / rows, Array.from(values));

describe('A B^T', () => {
  it('is the product of ml-matrix for every small shape', () => {
    for (let m = 1; m <= 9; m++) {
      for (let n = 1; n <= 5; n++) {
        for (const inner of [1, 3, 4]) {
          const a = normals(m, inner, m);
          const b = normals(n, inner, 100 + n);
          const expected = matrixOf(a, m).mmul(matrixOf(b, n).transpose()).to1DArray();
          const product = timesTransposed(a, b, inner);
          expect(product.length).toBe(m * n);
          product.forEach((value, i) => {
            expect(value, `${m} ${n} ${inner}`).toBeCloseTo(expected[i], 12);
          });
          expect(timesTransposed(a, a, inner, true)).toEqual(timesTransposed(a, a, inner));
        }
      }
    }
  });
});

describe('symmetric eigenvalues', () => {
  const sorted = (matrix: Float64Array, dim: number) =>
    [...symmetricEigenvalues(matrix.slice(), dim)].sort((a, b) => a - b);

  it('agree with ml-matrix, and with the trace, for random matrices of any rank', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 16 }),
        fc.nat(),
        (dim, rank, seed) => {
          const factor = normals(dim, rank, seed);
          const matrix = timesTransposed(factor, factor, rank, true);
          const own = sorted(matrix, dim);
          const theirs = new EigenvalueDecomposition(matrixOf(matrix, dim), {
            assumeSymmetric: true,
          }).realEigenvalues.sort((a, b) => a - b);
          const rounding = 100 * dim * Number.EPSILON * own[dim - 1];
          own.forEach((value, i) => {
            expect(Math.abs(value - theirs[i])).toBeLessThanOrEqual(rounding);
          });
          const trace = own.reduce((sum, value) => sum + value, 0);
          expect(
            Math.abs(trace - matrix.reduce((sum, v, i) => sum + (i % (dim + 1) ? 0 : v), 0)),
          ).toBeLessThanOrEqual(dim * rounding);
        },
      ),
    );
  });

  it('of the second difference matrix are 2 - 2 cos(k pi / (n + 1))', () => {
    const dim = 40;
    const matrix = new Float64Array(dim * dim);
    for (let i = 0; i < dim; i++) {
      matrix[i * dim + i] = 2;
      if (i > 0) matrix[i * dim + i - 1] = matrix[(i - 1) * dim + i] = -1;
    }
    sorted(matrix, dim).forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (dim + 1)), 13);
    });
  });

  it('of diagonal, zero and indefinite matrices are exact', () => {
    expect(sorted(Float64Array.of(3, 0, 0, 0, -1, 0, 0, 0, 2), 3)).toEqual([-1, 2, 3]);
    expect(sorted(new Float64Array(16), 4)).toEqual([0, 0, 0, 0]);
    const [low, high] = sorted(Float64Array.of(0, 2, 2, 0), 2);
    expect(low).toBeCloseTo(-2, 14);
    expect(high).toBeCloseTo(2, 14);
  });
});

describe('sample moments', () => {
  it('are those worked out by hand', () => {
    const { mean, covariance } = sampleMoments(Float32Array.of(1, 2, 3, 8, 5, 2), 2);
    expect([...mean]).toEqual([3, 4]);
    expect([...covariance]).toEqual([4, 0, 0, 12]);
  });

  it('keep their accuracy far from the origin', () => {
    const samples = normals(50, 3, freshSeed()).map((value) => Math.round(value * 1024) / 1024);
    const { covariance } = sampleMoments(samples, 3);
    const moved = sampleMoments(
      samples.map((value) => value + 2 ** 30),
      3,
    ).covariance;
    // The mean is rounded at 2^30: an error of 2^-23 in it, which enters the covariance squared.
    moved.forEach((value, i) => {
      expect(value).toBeCloseTo(covariance[i], 12);
    });
  });

  it('need two samples', () => {
    expect(() => sampleMoments(Float64Array.of(1, 2), 2)).toThrow('2 or more samples');
  });
});
