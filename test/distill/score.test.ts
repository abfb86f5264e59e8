import { expect, test } from 'vitest';
import { scoreOfErrors, typicalError } from '../../src/distill/score.js';

/** So many percent of a hundred trajectories far away, the others near. */
const errors = (percent: number, far: number, near: number) =>
  Float64Array.from({ length: 100 }, (_, i) => (i < percent ? far : near));

test('where near trajectories are near enough, fewer far ones are worth more than nearer near ones', () => {
  const [nearer, fewer] = [scoreOfErrors(errors(14, 3, 2e-4)), scoreOfErrors(errors(5, 3, 1e-3))];
  expect(nearer.median).toBeLessThan(fewer.median);
  expect(fewer.score).toBeLessThan(nearer.score);
});

test('among near trajectories the median counts half as much as the mean', () => {
  const one = scoreOfErrors(errors(10, 0.2, 0.1));
  expect(typicalError(one) / one.median).toBeCloseTo(1, 1);
  const half = scoreOfErrors(errors(10, 0.1, 0.05));
  expect(one.score - half.score).toBeCloseTo(1.5 * Math.LN2, 9);
  // The same mean, half the median.
  const skew = scoreOfErrors(errors(10, 0.65, 0.05));
  expect(skew.mean).toBeCloseTo(one.mean, 9);
  expect(one.score - skew.score).toBeCloseTo(Math.LN2 / 2, 1);
});
