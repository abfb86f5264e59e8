import { expect, test } from 'vitest';
import { precisionRecall } from '../../src/metrics/precision-recall.js';
import { random } from '../../src/rng/random.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

/** 0, 1, 2, ... on a line in the plane. */
const line = (count: number, from = 0) =>
  Float64Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? from + i / 2 : 0));

test('the same samples have all of both, and far ones nothing', () => {
  expect(precisionRecall(line(20), line(20), 2)).toEqual({ precision: 1, recall: 1 });
  expect(precisionRecall(line(20, 1000), line(20), 2)).toEqual({ precision: 0, recall: 0 });
});

test('the radius is the distance of the k-th nearest', () => {
  // On the line the nearest two are 1 away, the third 2, but at the ends 3.
  const beside = (y: number) => Float64Array.of(10, y);
  const precision = (y: number, neighbours?: number) =>
    precisionRecall(Float64Array.of(...beside(y), ...line(3)), line(20), 2, neighbours).precision;
  expect(precision(1.99)).toBe(1);
  expect(precision(2.01)).toBe(3 / 4);
  expect(precision(1.01, 2)).toBe(3 / 4);
  expect(precision(0.99, 2)).toBe(1);
});

const seed = freshSeed();

test('half of the modes is half of the recall, and noise between them lessens precision', () => {
  const source = random(seed);
  const cloud = (centre: number, count: number) =>
    Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? centre : 0) + source.normal());
  const real = Float64Array.from([...cloud(0, 200), ...cloud(100, 200)]);
  const one = precisionRecall(Float64Array.from(cloud(0, 400)), real, 2);
  expect(one.precision).toBeGreaterThan(0.9);
  expect(Math.abs(one.recall - 0.5)).toBeLessThan(0.05);
  const between = Float64Array.from([...cloud(0, 100), ...cloud(50, 200), ...cloud(100, 100)]);
  const blurred = precisionRecall(between, real, 2);
  expect(Math.abs(blurred.precision - 0.5)).toBeLessThan(0.05);
  expect(blurred.recall).toBeGreaterThan(0.9);
});

test('too few samples to have a k-th neighbour are refused', async () => {
  await expectRefusal(() => precisionRecall(line(3), line(20), 2), 'bad-shape', /4 or more samples/);
  await expectRefusal(() => precisionRecall(line(20), line(3), 2), 'bad-shape', /4 or more samples/);
  expect(precisionRecall(line(4, 1000), line(20), 2)).toEqual({ precision: 0, recall: 0 });
});
