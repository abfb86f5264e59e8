import { describe, expect, it } from 'vitest';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { median, quantile } from '../../src/metrics/quantile.js';
import { summarize } from '../../src/metrics/summary.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';
import { normals } from './fixtures.js';

describe('quantiles', () => {
  it('interpolate linearly, as NumPy does', () => {
    const values = [7, 1, 3, 10];
    expect(quantile(values, 0)).toBe(1);
    expect(quantile(values, 1)).toBe(10);
    expect(quantile(values, 0.25)).toBe(2.5);
    expect(quantile(values, 0.95)).toBeCloseTo(9.55, 14);
    expect(median(values)).toBe(5);
    expect(median([4])).toBe(4);
    expect(values).toEqual([7, 1, 3, 10]);
  });

  it('refuse an empty set and a probability that is none', () => {
    expect(() => median([])).toThrow('of 0 numbers');
    expect(() => quantile([1], 1.1)).toThrow('quantile 1.1');
    expect(() => quantile([1], Number.NaN)).toThrow('quantile NaN');
  });
});

describe('endpoint errors', () => {
  it('are Euclidean distances by row', () => {
    const a = Float32Array.of(0, 0, 1, 1);
    const b = Float64Array.of(3, 4, 1, 2);
    expect([...endpointErrors(a, b, 2)]).toEqual([5, 1]);
  });

  it('show a diverged trajectory only in its own row', () => {
    const errors = endpointErrors(Float64Array.of(Number.NaN, 1, 2, 2), new Float64Array(4), 2);
    expect(errors[0]).toBeNaN();
    expect(errors[1]).toBeCloseTo(Math.sqrt(8), 14);
  });

  it('refuse arrays that do not pair up', () => {
    expect(() => endpointErrors(new Float64Array(4), new Float64Array(6), 2)).toThrow('4 and 6 values');
    expect(() => endpointErrors(new Float64Array(3), new Float64Array(3), 2)).toThrow('3 and 3 values');
  });
});

describe('summaries', () => {
  it('hold mean, median and 95th percentile, and do not reorder the errors', () => {
    const errors = Float64Array.from({ length: 101 }, (_, i) => (i * 37) % 101);
    const copy = errors.slice();
    const summary = summarize(errors);
    expect([summary.mean, summary.median, summary.p95]).toEqual([50, 50, 95]);
    expect(errors).toEqual(copy);
  });

  it('have intervals without width where all errors are equal, or there is one', () => {
    for (const count of [1, 2, 7]) {
      const { meanInterval, medianInterval } = summarize(new Float32Array(count).fill(2));
      expect([...meanInterval, ...medianInterval]).toEqual([2, 2, 2, 2]);
    }
  });

  it('repeat themselves for one seed', () => {
    const errors = normals(50, 1, freshSeed());
    expect(summarize(errors, { seed: 4 })).toEqual(summarize(errors, { seed: 4 }));
    expect(summarize(errors, { seed: 4 })).not.toEqual(summarize(errors, { seed: 5 }));
  });

  it('have the normal interval for the mean and the binomial one for the median of many errors', () => {
    const seed = freshSeed();
    const count = 1024;
    const errors = normals(count, 1, seed);
    const { mean, meanInterval, medianInterval } = summarize(errors, { seed, resamples: 4000 });
    const variance = errors.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    // The spread of a bootstrap quantile at 2.5 % of 4,000 resamples is 0.04 standard errors: six of them.
    const standardError = Math.sqrt(variance / count);
    for (const side of [0, 1]) {
      const expected = mean + (side ? 1.96 : -1.96) * standardError;
      expect(Math.abs(meanInterval[side] - expected)).toBeLessThan(0.25 * standardError);
    }
    // The median of a resample has a rank of count / 2 with standard deviation sqrt(count) / 2 = 16.
    const sorted = errors.slice().sort();
    const rank = 1.96 * 16;
    expect(medianInterval[0]).toBeGreaterThan(sorted[Math.round(512 - rank - 5)]);
    expect(medianInterval[0]).toBeLessThan(sorted[Math.round(512 - rank + 5)]);
    expect(medianInterval[1]).toBeGreaterThan(sorted[Math.round(511 + rank - 5)]);
    expect(medianInterval[1]).toBeLessThan(sorted[Math.round(511 + rank + 5)]);
  });

  it('cover the true mean and median of skewed errors about as often as they say', () => {
    const seed = freshSeed();
    const source = random(seed);
    const trials = 400;
    let [means, medians] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const errors = Float64Array.from({ length: 100 }, () => -Math.log(1 - source.uniform()));
      const { meanInterval, medianInterval } = summarize(errors, { seed: trial, resamples: 400 });
      if (meanInterval[0] <= 1 && 1 <= meanInterval[1]) means++;
      if (medianInterval[0] <= Math.LN2 && Math.LN2 <= medianInterval[1]) medians++;
    }
    // At this size the percentile intervals cover about 93 %. Five standard errors of 400 trials are 6.4 %.
    for (const [what, covered] of [
      ['mean', means],
      ['median', medians],
    ] as const) {
      expect(covered / trials, `${what}`).toBeGreaterThan(0.865);
      expect(covered / trials, `${what}`).toBeLessThan(0.994);
    }
  });

  it('refuse what has no summary', () => {
    expect(() => summarize(new Float64Array(0))).toThrow('0 values are not 1 or more');
    expect(() => summarize(Float64Array.of(1, Infinity))).toThrow('sample 1 has the value Infinity');
    expect(() => summarize(Float64Array.of(1), { resamples: 0 })).toThrow('0 resamples');
    expect(() => summarize(Float64Array.of(1), { level: 95 })).toThrow('level 95');
  });
});
