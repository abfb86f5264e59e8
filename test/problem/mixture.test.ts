import { describe, expect, it } from 'vitest';
import { fullStds, mixtureCovariance, mixtureMean } from '../../src/field/mixture.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { freshSeed } from '../seed.js';

const spec = {
  kind: 'gaussian-mixture' as const,
  weights: Float64Array.of(1, 3),
  means: Float64Array.of(0, 0, 4, -8),
  stds: Float64Array.of(1, 2, 3, 4),
  dim: 2,
};

describe('mixtures', () => {
  it('have the mean and covariance worked out by hand, with weights that are not normalised', () => {
    expect([...mixtureMean(spec)]).toEqual([3, -6]);
    // Variances within: 1/4 + 27/4 and 4/4 + 48/4; between: 3/16 of the outer product of (4, -8).
    expect([...mixtureCovariance(spec)]).toEqual([7 + 3, -6, -6, 13 + 12]);
  });

  it('take standard deviations shared, per component, or per component and dimension', () => {
    const stds = (...values: number[]) => [...fullStds({ ...spec, stds: Float64Array.from(values) })];
    expect(stds(5)).toEqual([5, 5, 5, 5]);
    expect(stds(5, 6)).toEqual([5, 5, 6, 6]);
    expect(stds(5, 6, 7, 8)).toEqual([5, 6, 7, 8]);
    expect(() => stds(1, 2, 3)).toThrow('2 components in 2 dimensions has 3 standard deviations');
  });

  it('draw components in proportion to their weights', () => {
    const seed = freshSeed();
    const count = 40_000;
    const draws = sampleMixture({ ...spec, stds: Float64Array.of(1e-3) }, count, seed);
    const second = draws.filter((value, i) => i % 2 === 0 && value > 2).length;
    // Binomial with p = 3/4, six standard deviations.
    expect(Math.abs(second - 0.75 * count)).toBeLessThan(6 * Math.sqrt(count * 0.75 * 0.25));
  });

  it('refuse a number of draws that is none', () => {
    expect(() => sampleMixture(spec, -1, 0)).toThrow('number of draws is -1');
    expect(() => sampleMixture(spec, 1.5, 0)).toThrow('number of draws is 1.5');
    expect(sampleMixture(spec, 0, 0).length).toBe(0);
  });
});
