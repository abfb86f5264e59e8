import { expect, test } from 'vitest';
import { customField } from '../../src/field/custom.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture, mixtureSpec } from '../../src/field/gaussian-mixture.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';
import gaussian from './custom/gaussian.wgsl';
import twoGaussians from './custom/two-gaussians.wgsl';
import { noisyStates } from './fixtures.js';
import { gradientsOn, randomCotangents } from './gradient-fixtures.js';
import { EPSILON, roundingOfD, roundingOfGradient } from './rounding.js';

const seed = freshSeed();
const BATCH = 33;

const twin = mixtureSpec({
  weights: [1, 3],
  means: [
    [-1, 0.5],
    [0.75, -0.25],
  ],
  stds: [0.2, 0.4],
});
const one = mixtureSpec({ weights: [1], means: [[0.5, -1, 0.25]], stds: [0.3] });

/** A batch at its own noise levels from 0.002 to 80, and the float64 gradient of each of its trajectories. */
async function compared(
  field: Field,
  spec: typeof twin,
  check: (row: {
    sigma: number;
    x: Float64Array;
    c: Float64Array;
    actual: number[];
    expected: number[];
  }) => void,
): Promise<void> {
  const { dim } = spec;
  const { x, sigmas } = noisyStates(seed, spec, BATCH);
  const cotangents = randomCotangents(seed, BATCH, dim);
  const { toX, toSigma } = await gradientsOn(gpu, field, x, sigmas, cotangents);
  const truth = gaussianMixture(spec);
  for (const [row, sigma] of sigmas.entries()) {
    const [state, c] = [x, cotangents].map((values) => values.subarray(row * dim, (row + 1) * dim));
    const out = new Float64Array(dim);
    const slope = truth.gradient!(state, sigma, c, out);
    const actual = [...toX.subarray(row * dim, (row + 1) * dim), toSigma[row]];
    check({ sigma, x: state, c, actual, expected: [...out, slope] });
  }
}

test(`a user's own gradient is what is used`, async () => {
  await compared(customField({ dim: 3, wgsl: gaussian }), one, ({ sigma, x, c, actual, expected }) => {
    const bound = roundingOfGradient(one, x, sigma, c);
    for (const [d, value] of expected.entries()) {
      expect(Math.abs(actual[d] - value), `sigma ${sigma}, coordinate ${d}`).toBeLessThan(bound[d]);
    }
  });
});

/** What the kernel computes, in float64, for one coordinate; the last is sigma. With a bound on its rounding. */
function differences(x: Float64Array, sigma: number, c: Float64Array, d: number) {
  const truth = gaussianMixture(twin);
  const step = sigma / 32;
  const at = (shift: number) => {
    const moved = x.map((value, i) => (i === d ? value + shift * step : value));
    const noise = d === x.length ? sigma + shift * step : sigma;
    const D = new Float64Array(x.length);
    truth.denoise!(moved, noise, D);
    const bound = roundingOfD(twin, moved, noise);
    return {
      value: D.reduce((sum, value, i) => sum + c[i] * value, 0),
      rounding: bound.reduce((sum, value, i) => sum + Math.abs(c[i]) * value, 0),
    };
  };
  const [below, above] = [at(-1), at(1)];
  const near = (above.value - below.value) / (2 * step);
  const rounding = (above.rounding + below.rounding) / (2 * step);
  if (d < x.length) {
    // The step itself is rounded with the state that it is added to.
    return { value: near, rounding: rounding + (Math.abs(near) * 2 * EPSILON * Math.abs(x[d])) / step };
  }
  const [farBelow, farAbove] = [at(-2), at(2)];
  return {
    value: (4 * near) / 3 - (farAbove.value - farBelow.value) / (12 * step),
    rounding: (4 * rounding) / 3 + (farAbove.rounding + farBelow.rounding) / (12 * step),
  };
}

test('without one it is differences, as float64 forms them', async () => {
  await compared(customField({ dim: 2, wgsl: twoGaussians }), twin, ({ sigma, x, c, actual, expected }) => {
    for (const d of expected.keys()) {
      const { value, rounding } = differences(x, sigma, c, d);
      expect(Math.abs(actual[d] - value), `sigma ${sigma}, coordinate ${d}`).toBeLessThan(rounding);
    }
  });
});

test('and differences are close to the gradient at typical states', async () => {
  const errors: number[] = [];
  await compared(customField({ dim: 2, wgsl: twoGaussians }), twin, ({ sigma, actual, expected }) => {
    const error = Math.hypot(...expected.slice(0, 2).map((value, d) => actual[d] - value));
    // In units of what customField states, |D| and the cotangent being about 1.
    errors.push(error / (2e-4 * Math.hypot(expected[0], expected[1]) + 2e-6 / sigma));
  });
  expect(errors.toSorted((a, b) => a - b)[Math.floor(errors.length / 2)]).toBeLessThan(1);
});
