import { expect, test } from 'vitest';
import { GaussNewton } from '../../src/distill/training/gauss-newton.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const SIZE = 6;

/** Slopes of residuals J (x - goal) whose columns are nearly the same one, so that J^T J is nearly singular. */
function leastSquares() {
  const source = random(seed, 3);
  const common = Array.from({ length: 12 }, () => source.between(-1, 1));
  const jacobian = common.map((value) =>
    Array.from({ length: SIZE }, () => 30 * (value + 0.05 * source.between(-1, 1))),
  );
  const goal = Float64Array.from({ length: SIZE }, () => source.between(-0.5, 0.5));
  const matrix = new Float64Array(SIZE * SIZE);
  for (let p = 0; p < SIZE; p++)
    for (let q = 0; q < SIZE; q++) for (const row of jacobian) matrix[p * SIZE + q] += row[p] * row[q];
  const gradient = (x: Float64Array) =>
    Float64Array.from({ length: SIZE }, (_, p) =>
      goal.reduce((sum, value, q) => sum + matrix[p * SIZE + q] * (x[q] - value), 0),
    );
  const loss = (x: Float64Array) =>
    gradient(x).reduce((sum, slope, p) => sum + (slope * (x[p] - goal[p])) / 2, 0);
  return { matrix, gradient, loss };
}

test('a narrow valley is no obstacle', () => {
  const { matrix, gradient, loss } = leastSquares();
  const start = new Float64Array(SIZE);
  const optimiser = new GaussNewton(start, { units: [1, 1, 1, 2, 2, 2], steps: 100 });
  for (let i = 0; i < 100; i++) optimiser.update({ matrix, gradient: gradient(optimiser.parameters) });
  expect(loss(optimiser.parameters)).toBeLessThan(1e-3 * loss(start));
  expect(start).toEqual(new Float64Array(SIZE));
});

test('a step moves no parameter more than a tenth of its unit, and steps end as nothing', () => {
  const units = [1, 2, 5];
  const optimiser = new GaussNewton(new Float64Array(3), { units, steps: 40 });
  const longest: number[] = [];
  for (let i = 0; i < 40; i++) {
    const before = optimiser.parameters;
    optimiser.update({ matrix: new Float64Array(9), gradient: Float64Array.of(1e6, -1e5, 1e6) });
    longest.push(Math.max(...optimiser.parameters.map((value, p) => Math.abs(value - before[p]) / units[p])));
  }
  expect(Math.max(...longest)).toBeCloseTo(0.1, 6);
  const gentle = new GaussNewton(new Float64Array(1), { units: [1], steps: 40 });
  const moves = longest.map(() => {
    const [before] = gentle.parameters;
    gentle.update({ matrix: Float64Array.of(1), gradient: Float64Array.of(0.01) });
    return before - gentle.parameters[0];
  });
  expect(moves[39]).toBeLessThan(0.01 * Math.max(...moves));
  expect(Math.min(...moves)).toBeGreaterThan(0);
});

test('a matrix that is symmetric but for rounding is one', () => {
  const optimiser = new GaussNewton(new Float64Array(2), { units: [1, 1], steps: 10 });
  optimiser.update({ matrix: Float64Array.of(2, 1 + 1e-15, 1, 2), gradient: Float64Array.of(1, 1) });
  expect(optimiser.parameters[0]).toBeLessThan(0);
});

test('equations that are not finite change nothing', () => {
  const start = Float64Array.of(0.3, -0.2);
  const optimiser = new GaussNewton(start, { units: [1, 1], steps: 10 });
  optimiser.update({ matrix: Float64Array.of(1, 0, 0, 1), gradient: Float64Array.of(Number.NaN, 1) });
  optimiser.update({ matrix: Float64Array.of(Infinity, 0, 0, 1), gradient: Float64Array.of(1, 1) });
  expect(optimiser.parameters).toEqual(start);
  optimiser.update({ matrix: Float64Array.of(1, 0, 0, 1), gradient: Float64Array.of(1, 1) });
  expect(optimiser.parameters[0]).toBeLessThan(0.3);
});

test('equations that are indefinite beyond the damping move nothing, and those after them do', () => {
  const start = Float64Array.of(0.1, -0.2);
  const optimiser = new GaussNewton(start, { units: [1, 1], steps: 20 });
  const gradient = Float64Array.of(1, 1);
  optimiser.update({ matrix: Float64Array.of(1, 5, 5, 1), gradient });
  expect(optimiser.parameters).toEqual(start);
  optimiser.restart(start);
  optimiser.update({ matrix: Float64Array.of(1, 0.5, 0.5, 1), gradient });
  expect(optimiser.parameters[0]).toBeLessThan(start[0]);
});
