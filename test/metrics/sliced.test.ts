import { describe, expect, it } from 'vitest';
import { energyDistance1d, squaredWasserstein1d } from '../../src/metrics/one-dimensional.js';
import { projectionDirections, sortedProjections } from '../../src/metrics/projection.js';
import { slicedEnergyOf } from '../../src/metrics/sliced.js';
import { freshSeed } from '../seed.js';
import { energyDistance } from './energy.js';
import { normals, reversed, translate } from './fixtures.js';
import { slicedWasserstein } from './sliced-wasserstein.js';

const line = (...values: number[]) => Float64Array.from(values);

describe('2-Wasserstein distance on the line', () => {
  it('pairs the sorted samples', () => {
    expect(squaredWasserstein1d(line(0, 1, 5), line(2, 2, 7))).toBeCloseTo((4 + 1 + 4) / 3, 14);
    expect(slicedWasserstein(line(5, 0, 1), line(2, 7, 2), 1)).toBeCloseTo(Math.sqrt(3), 14);
  });

  it('takes different counts: a sample repeated is the same distribution', () => {
    expect(squaredWasserstein1d(line(0, 1), line(0, 0, 0, 1, 1, 1))).toBe(0);
    // Quantiles in sixths: 0 0 0 1 1 1 against 0 0 3 3 6 6.
    expect(squaredWasserstein1d(line(0, 1), line(0, 3, 6))).toBeCloseTo((9 + 4 + 25 + 25) / 6, 14);
    expect(squaredWasserstein1d(line(0, 3, 6), line(0, 1))).toBeCloseTo((9 + 4 + 25 + 25) / 6, 14);
  });

  it('of two Gaussians is that of their means and standard deviations', () => {
    const seed = freshSeed();
    const count = 20_000;
    const a = normals(count, 1, seed);
    const b = normals(count, 1, seed + 1).map((value) => 2 + value / 2);
    // W^2 = 4 + 1/4. Its error is led by 4 times that of the difference of means, of variance 5/4 / count.
    const tolerance = 6 * 4.2 * Math.sqrt(1.25 / count);
    expect(Math.abs(slicedWasserstein(a, b, 1) ** 2 - 4.25)).toBeLessThan(tolerance);
  });
});

describe('projection directions', () => {
  it.each([1, 2, 3, 8, 20])('are unit vectors in dimension %d', (dim) => {
    const { count, vectors } = projectionDirections(dim, 24, 3);
    expect(count).toBe(dim === 1 ? 1 : 24);
    for (let k = 0; k < count; k++) {
      const squared = vectors.subarray(k * dim, (k + 1) * dim).reduce((sum, value) => sum + value ** 2, 0);
      expect(squared).toBeCloseTo(1, 12);
    }
  });

  it('depend on the seed', () => {
    for (const dim of [2, 5]) {
      expect(projectionDirections(dim, 8, 1)).toEqual(projectionDirections(dim, 8, 1));
      expect(projectionDirections(dim, 8, 1)).not.toEqual(projectionDirections(dim, 8, 2));
    }
  });

  it('are one or more', () => {
    expect(() => projectionDirections(2, 0, 0)).toThrow('number of projections is 0');
    expect(() => projectionDirections(2, 2.5, 0)).toThrow('number of projections is 2.5');
  });
});

describe('sliced Wasserstein distance', () => {
  // The directions are evenly spaced, or whole orthonormal sets: their mean of <u, v>^2 is |v|^2 / dim.
  it.each([
    [2, 128],
    [8, 16],
    [64, 128],
  ])('of a translation is its length over the root of the dimension, dimension %d', (dim, projections) => {
    const seed = freshSeed();
    const x = normals(50, dim, seed);
    const by = [...normals(1, dim, seed + 1)];
    const expected = Math.hypot(...by) / Math.sqrt(dim);
    expect(slicedWasserstein(x, translate(x, by), dim, { projections, seed })).toBeCloseTo(expected, 10);
  });

  it('of two round Gaussians about one centre is the difference of their standard deviations', () => {
    const seed = freshSeed();
    const count = 20_000;
    const a = normals(count, 2, seed);
    const b = normals(count, 2, seed + 1).map((value) => 2 * value);
    // Standard deviations are known to 1 / sqrt(2 count) and 2 / sqrt(2 count), means add second order.
    const tolerance = 6 * Math.sqrt(5 / (2 * count)) + 5 / count;
    expect(Math.abs(slicedWasserstein(a, b, 2) - 1)).toBeLessThan(tolerance);
  });

  it('is symmetric, and zero for the same samples in another order', () => {
    const [x, y] = [normals(30, 5, 1), normals(41, 5, 2)];
    expect(slicedWasserstein(x, y, 5)).toBeCloseTo(slicedWasserstein(y, x, 5), 13);
    expect(slicedWasserstein(x, reversed(x, 5), 5)).toBeLessThan(1e-14);
    expect(slicedWasserstein(x, y, 5)).toBeGreaterThan(0.05);
  });

  it('names samples of a wrong shape or that are not finite', () => {
    const x = normals(4, 3, 1);
    expect(() => slicedWasserstein(x, x.subarray(1), 3)).toThrow('11 values are not 1 or more samples');
    const broken = x.slice();
    broken[7] = Number.NaN;
    expect(() => slicedWasserstein(x, broken, 3)).toThrow('sample 2 has the value NaN in dimension 1');
  });
});

describe('energy distance', () => {
  it('of two points is twice their distance', () => {
    expect(energyDistance(line(0, 0), line(3, 4), 2)).toBeCloseTo(10, 14);
  });

  it('is the V-statistic', () => {
    // 2 mean(2, 4, 1, 3) - mean over ordered pairs (0, 1, 1, 0) - (0, 2, 2, 0).
    const [a, b] = [line(0, 1), line(2, 4)];
    expect(energyDistance(a, b, 1)).toBeCloseTo(5 - 0.5 - 1, 14);
    expect(energyDistance1d(a, b)).toBeCloseTo(3.5, 14);
  });

  it('from distribution functions on the line equals that from pairs, also with ties', () => {
    const seed = freshSeed();
    const coarse = (count: number, key: number) =>
      normals(count, 1, key).map((value) => Math.round(2 * value) / 2);
    for (let i = 0; i < 20; i++) {
      const [a, b] = [coarse(1 + i, seed + i).sort(), coarse(20 - i, seed + 50 + i).sort()];
      expect(energyDistance1d(a, b), `${i}`).toBeCloseTo(energyDistance(a, b, 1), 12);
    }
  });

  it('from projections equals that from pairs in two dimensions, where directions are evenly spaced', () => {
    const seed = freshSeed();
    const x = normals(60, 2, seed);
    const y = translate(normals(80, 2, seed + 1), [0.5, 1]);
    const directions = projectionDirections(2, 2000, seed);
    const sliced = slicedEnergyOf(sortedProjections(x, directions), sortedProjections(y, directions), 2);
    const exact = energyDistance(x, y, 2);
    // The trapezoid rule for |cos|, with its kink, has a relative error below pi^2 / 2000^2; the terms are
    // 2 E|X - Y| and two more, each below 5.
    expect(Math.abs(sliced - exact)).toBeLessThan(4e-5);
  });

  it.each([3, 4, 5, 10])('from projections has the constant of dimension %d', (dim) => {
    const seed = freshSeed();
    const directions = projectionDirections(dim, 4000, seed);
    const [x, y] = [new Float64Array(dim), new Float64Array(dim).fill(1)];
    const sliced = slicedEnergyOf(sortedProjections(x, directions), sortedProjections(y, directions), dim);
    // |<u, v>| varies by less than 0.76 of its mean, whatever the dimension; six standard errors.
    const tolerance = (6 * 0.76) / Math.sqrt(4000);
    expect(Math.abs(sliced / (2 * Math.sqrt(dim)) - 1)).toBeLessThan(tolerance);
  });

  it('is symmetric, zero for the same samples, and grows with a translation', () => {
    const [x, y] = [normals(30, 4, 1), normals(41, 4, 2)];
    expect(energyDistance(x, y, 4)).toBeCloseTo(energyDistance(y, x, 4), 13);
    expect(energyDistance(x, reversed(x, 4), 4)).toBeLessThan(1e-12);
    const at = (shift: number) => energyDistance(x, translate(x, [shift]), 4);
    expect(at(0.1)).toBeGreaterThan(0);
    expect(at(0.2)).toBeGreaterThan(at(0.1));
    // Far away it is twice the distance of the means, less the spread within.
    const within = -energyDistance(x, line(0, 0, 0, 0), 4) + 2 * energyMeanNorm(x, 4);
    expect(at(1e6) - 2e6 * 2).toBeCloseTo(-2 * within, 3);
  });

  it('can do with fewer samples, evenly spaced', () => {
    const x = normals(8, 2, 1);
    const y = normals(8, 2, 2);
    const everySecond = (rows: Float64Array) => rows.filter((_, i) => Math.floor(i / 2) % 2 === 0);
    expect(energyDistance(x, y, 2, { maxSamples: 4 })).toBe(
      energyDistance(everySecond(x), everySecond(y), 2),
    );
    expect(energyDistance(x, y, 2, { maxSamples: 100 })).toBe(energyDistance(x, y, 2));
  });
});

function energyMeanNorm(x: Float64Array, dim: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += dim) sum += Math.hypot(...x.subarray(i, i + dim));
  return sum / (x.length / dim);
}
