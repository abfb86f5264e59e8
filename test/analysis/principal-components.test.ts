import fc from 'fast-check';
import { Matrix, SVD } from 'ml-matrix';
import { expect, test } from 'vitest';
import { principalComponents } from '../../src/analysis/principal-components.js';
import { normals } from '../metrics/fixtures.js';
import { freshSeed } from '../seed.js';

/** Squared distances of all pairs of rows: what no rotation changes. */
function squaredDistances(points: Float64Array, width: number): number[] {
  const count = points.length / width;
  return Array.from({ length: count * count }, (_, n) => {
    const [i, j] = [Math.floor(n / count), n % count];
    let sum = 0;
    for (let d = 0; d < width; d++) sum += (points[i * width + d] - points[j * width + d]) ** 2;
    return sum;
  });
}

test("shares and coordinates are those of ml-matrix's singular values, with more points than dimensions or fewer", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(),
      (count, dim, seed) => {
        const points = normals(count, dim, seed).map((value) => 3 + value);
        const { shares, coordinates } = principalComponents(points, dim);
        const width = Math.min(count, dim);
        expect([shares.length, coordinates.length]).toEqual([width, count * width]);

        const matrix = Matrix.from1DArray(count, dim, Array.from(points)).center('column');
        const { diagonal, leftSingularVectors } = new SVD(matrix, { autoTranspose: true });
        const total = diagonal.reduce((sum, value) => sum + value ** 2, 0);
        for (let k = 0; k < width; k++) {
          expect(shares[k]).toBeCloseTo(diagonal[k] ** 2 / total, 12);
          // The sign is free, and so is the direction where two are equally long.
          const alone = [k - 1, k + 1].every((other) => Math.abs((shares[other] ?? 9) - shares[k]) > 1e-6);
          if (!alone || shares[k] < 1e-12) continue;
          for (let i = 0; i < count; i++) {
            const theirs = Math.abs(leftSingularVectors.get(i, k) * diagonal[k]);
            expect(Math.abs(coordinates[i * width + k])).toBeCloseTo(theirs, 6);
          }
        }
      },
    ),
  );
});

test('a curve planted in a plane of a large space is found there, shape and all', () => {
  const [dim, count] = [50, 30];
  for (const transposed of [false, true]) {
    const [d, n] = transposed ? [count, dim] : [dim, count];
    const directions = normals(2, d, freshSeed());
    const points = new Float64Array(n * d);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < d; k++) {
        points[i * d + k] = 7 + i * directions[k] + 4 * Math.sin(i / 5) * directions[d + k];
      }
    }
    const { shares, coordinates } = principalComponents(points, d);
    expect(shares[0] + shares[1]).toBeCloseTo(1, 12);
    const inPlane = Float64Array.from({ length: 2 * n }, (_, at) => {
      const width = Math.min(n, d);
      return coordinates[Math.floor(at / 2) * width + (at % 2)];
    });
    const exact = squaredDistances(points, d);
    const largest = Math.max(...exact);
    for (const [i, squared] of squaredDistances(inPlane, 2).entries()) {
      expect(Math.abs(squared - exact[i])).toBeLessThan(1e-12 * largest);
    }
  }
});
