import { expect, test } from 'vitest';
import { Curve } from '../../src/process/curve.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

test('a curve has the values and slopes of its function, at its ends too', () => {
  const draw = random(seed);
  const [first, step, count] = [draw.between(-3, 3), 0.02, 300];
  const rate = draw.between(0.5, 2);
  const value = (x: number) => Math.sin(rate * x) + Math.exp(-x / 3);
  const slope = (x: number) => rate * Math.cos(rate * x) - Math.exp(-x / 3) / 3;
  const curve = new Curve(
    first,
    step,
    Float64Array.from({ length: count }, (_, i) => value(first + i * step)),
  );
  for (let i = 0; i < 1000; i++) {
    const x = draw.between(first, curve.last);
    // Hermite's h^4 / 384 times a fourth derivative of up to 16, and of the slopes a fifth of up to 32.
    const bound = (0.02 ** 4 / 384) * 32 * Math.exp(1);
    expect(Math.abs(curve.value(x) - value(x))).toBeLessThan(bound);
    expect(Math.abs(curve.slope(x) - slope(x))).toBeLessThan(bound);
  }
});

test('a constant is constant to the last bit, and beyond its ends a curve stays what it is there', () => {
  const constant = new Curve(0, 0.1, new Float64Array(20).fill(Math.PI));
  for (const x of [-1, 0, 0.123, 1.9, 7]) {
    expect(constant.value(x)).toBe(Math.PI);
    expect(constant.slope(x)).toBe(0);
  }
  const line = new Curve(
    0,
    1,
    Float64Array.from({ length: 9 }, (_, i) => i),
  );
  expect([line.value(-5), line.slope(-5), line.value(8.5), line.slope(8.5)]).toEqual([0, 0, 8, 0]);
  expect(line.slope(8)).toBeCloseTo(1, 12);
});
