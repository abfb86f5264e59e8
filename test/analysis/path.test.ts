import { expect, test } from 'vitest';
import { flat } from '../../src/analysis/flat.js';
import { meanValue } from '../../src/analysis/mean-value.js';
import { chordOf, type Path } from '../../src/analysis/path.js';
import { principalComponents } from '../../src/analysis/principal-components.js';
import { random } from '../../src/rng/random.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

/** A path through a space of curves given in closed form, with `count` states at decreasing times. */
function pathOf(
  curve: (t: number) => number[],
  velocity: (t: number) => number[],
  from: number,
  to: number,
  count: number,
): Path {
  const times = Array.from({ length: count }, (_, i) => from + (i / (count - 1)) * (to - from));
  return {
    times,
    dim: curve(from).length,
    states: Float64Array.from(times.flatMap(curve)),
    velocities: Float64Array.from(times.flatMap(velocity)),
  };
}

const circle = (steps: number) =>
  pathOf(
    (t) => [3 * Math.cos(t), 3 * Math.sin(t)],
    (t) => [-3 * Math.sin(t), 3 * Math.cos(t)],
    Math.PI + 1,
    1,
    steps + 1,
  );

test('the chord of half a circle is its diameter, which the circle leaves by the sine', () => {
  const { length, distances } = chordOf(circle(40));
  expect(length).toBeCloseTo(6, 12);
  distances.forEach((distance, i) => {
    expect(distance).toBeCloseTo(3 * Math.sin((i / 40) * Math.PI), 12);
  });
});

test('a path that does not move has no shape', async () => {
  const still = pathOf(
    () => [1, 2],
    () => [0, 0],
    80,
    1,
    5,
  );
  await expectRefusal(() => chordOf(still), 'bad-field', /ends where it begins/);
});

test('one direction carries a step along a parabola: that of the middle of the step', () => {
  // The velocity is linear in t, so that its mean is its value in the middle, and interpolation is exact.
  const path = pathOf(
    (t) => [t * t, 3 * t, 1],
    (t) => [2 * t, 3, 0],
    9,
    1,
    8,
  );
  const { error, angle, r, eulerError } = meanValue(path, 0, 7);
  expect(error).toBeLessThan(1e-14);
  expect(angle).toBeLessThan(1e-5);
  expect(r).toBeCloseTo(Math.log(9 / 5) / Math.log(9), 12);
  // v(9) = (18, 3), the mean is (10, 3).
  expect(eulerError).toBeCloseTo(8 / Math.hypot(10, 3), 12);
});

test('no direction carries half a circle: the best is parallel to the chord and pi / 2 times too long', () => {
  const { error, angle, eulerError } = meanValue(circle(400), 0, 400);
  expect(error).toBeCloseTo(Math.PI / 2 - 1, 4);
  // Between two times the straight mix of their velocities is shorter, so the best one may be off by half a step.
  expect(angle).toBeLessThan(180 / 400 / 2);
  // The velocity at the beginning is at right angles to the chord.
  expect(eulerError).toBeCloseTo(Math.hypot(1, Math.PI / 2), 10);
});

test('paths laid over each other begin at (0, 0), end at (1, 0) and bulge upwards by what they leave their chord', () => {
  const source = random(freshSeed());
  const axes = Array.from({ length: 2 }, () => Array.from({ length: 20 }, () => source.normal()));
  for (const sign of [1, -1]) {
    // Half an ellipse in a random plane.
    const path = pathOf(
      (t) => axes[0].map((axis, d) => 9 * Math.cos(t) * axis + sign * Math.sin(t) * axes[1][d]),
      () => [],
      Math.PI,
      1e-9,
      31,
    );
    const points = flat(principalComponents(path.states, path.dim));
    expect(points[0].map(Math.abs)).toEqual([0, 0]);
    expect(points[30][0]).toBeCloseTo(1, 12);
    expect(points[30][1]).toBeCloseTo(0, 12);
    const { length, distances } = chordOf(path);
    points.forEach(([, y], i) => {
      expect(y).toBeCloseTo(distances[i] / length, 9);
    });
  }
});
