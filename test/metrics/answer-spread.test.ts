import { expect, test } from 'vitest';
import { answerSpread } from '../../src/metrics/answer-spread.js';

test('answers are summed up step by step over the trajectories', () => {
  const batch = 101;
  const rising = Array.from({ length: batch }, (_, i) => i / 100);
  const same = (value: number) => new Array<number>(batch).fill(value);
  const steps = answerSpread([...rising, ...same(1), ...same(2), ...same(0.5), ...rising, ...same(3)], batch);
  const all = { mean: expect.closeTo(0.5), p5: expect.closeTo(0.05), p95: expect.closeTo(0.95) };
  const one = (value: number) => ({ mean: expect.closeTo(value), p5: value, p95: value });
  expect(steps).toEqual([
    { r: all, direction: one(1), time: one(2) },
    { r: one(0.5), direction: all, time: one(3) },
  ]);
});
