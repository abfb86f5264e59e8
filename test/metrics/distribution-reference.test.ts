import { describe, expect, it } from 'vitest';
import { distributionReference } from '../../src/metrics/distribution-reference.js';
import { frechetDistance } from '../../src/metrics/frechet.js';
import { problemByName } from '../../src/problem/registry.js';
import { freshSeed } from '../seed.js';
import { normals, translate } from './fixtures.js';
import { slicedWasserstein } from './sliced-wasserstein.js';

describe('prepared references', () => {
  it.each([1, 2, 7])('give the distances of the single functions, call after call, dimension %d', (dim) => {
    const [x, y] = [normals(40, dim, 1), normals(100, dim, 2)];
    const options = { projections: 32, seed: 5 };
    const reference = distributionReference(y, dim, options);
    const first = reference.compare(x);
    expect(first.slicedWasserstein).toBe(slicedWasserstein(x, y, dim, options));
    expect(first.frechet).toBe(frechetDistance(x, y, dim));
    expect(reference.compare(x)).toEqual(first);
    expect(reference.compare(Float32Array.from(x)).energy).toBeCloseTo(first.energy, 6);
  });

  it('are zero for the reference itself', () => {
    const y = normals(60, 3, freshSeed());
    const { slicedWasserstein, energy, frechet } = distributionReference(y, 3).compare(y);
    expect([slicedWasserstein, energy]).toEqual([0, 0]);
    expect(frechet).toBeLessThan(1e-12);
  });

  it.each(['two-moons', 'mixture-64'])('tell a shifted copy of %s from fresh draws', (name) => {
    const problem = problemByName(name);
    const seed = freshSeed();
    const reference = distributionReference(problem.sample(2048, seed), problem.dim);
    const draws = problem.sample(1024, seed + 1);
    const fresh = reference.compare(draws);
    const shifted = reference.compare(translate(draws, [0.3]));
    for (const key of ['slicedWasserstein', 'energy', 'frechet'] as const) {
      expect(shifted[key], `${key}`).toBeGreaterThan(2 * fresh[key]);
    }
  });

  it('refuse samples of another shape', () => {
    const reference = distributionReference(normals(20, 3, 1), 3);
    expect(() => reference.compare(new Float64Array(10))).toThrow('10 values are not 1 or more samples');
    expect(() => reference.compare(new Float64Array(3))).toThrow('3 values are not 2 or more samples');
  });
});
