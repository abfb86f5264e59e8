import { expect, test } from 'vitest';
import { solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { UserDenoise } from '../../src/field/user-denoise.js';
import { polynomial } from '../../src/grid/grid.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import syntaxError from './custom/syntax-error.wgsl';
import twoGaussians from './custom/two-gaussians.wgsl';
import unknownName from './custom/unknown-name.wgsl';
import wrongType from './custom/wrong-type.wgsl';
import { latents } from './fixtures.js';

const seed = freshSeed();
const plan = solverByName('heun').plan(polynomial().times(6));

const run = (dim: number, wgsl: string) =>
  solve(gpu, customField({ dim, wgsl }), plan, { latents: { values: latents(seed, 3, dim) } });

test('a custom field is its twin among the mixtures', async () => {
  const twin = gaussianMixture({
    weights: [1, 3],
    means: [
      [-1, 0.5],
      [0.75, -0.25],
    ],
    stds: [0.2, 0.4],
  });
  const x = latents(seed, 101, 2);
  const custom = customField({ dim: 2, wgsl: twoGaussians });
  const [own, exact] = await Promise.all(
    [custom, twin].map((field) => solve(gpu, field, plan, { latents: { values: x } })),
  );
  // Both round differently. Where the two Gaussians are equally likely a path is sensitive: an error of 1e-7
  // grows by up to the distance of the means over the smaller std, squared, at each of 12 evaluations.
  const errors = own.samples.map((value, i) => Math.abs(value - exact.samples[i])).toSorted();
  expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(1e-5);
  expect(errors[errors.length - 1]).toBeLessThan(5e-3);
});

test.each([
  ['a wrong type', wrongType, 'user.wgsl:3:'],
  ['an unknown name', unknownName, 'user.wgsl:4:'],
  ['a syntax error', syntaxError, 'user.wgsl:3:'],
])("%s is reported at the user's own line", async (_, wgsl, place) => {
  await expect(run(2, wgsl)).rejects.toMatchObject({
    code: 'shader-compilation',
    message: expect.stringContaining(place),
  });
});

test('a field of another dimension than stated is a compile error', async () => {
  await expect(run(3, twoGaussians)).rejects.toMatchObject({
    code: 'shader-compilation',
    message: expect.stringContaining("call to 'denoise', expected 'array<f32, 2>', got 'array<f32, 3>'"),
  });
});

test('a field that failed to compile does not spoil the device', async () => {
  await expect(run(2, wrongType)).rejects.toThrow();
  const { samples } = await run(2, twoGaussians);
  expect(samples.every(Number.isFinite)).toBe(true);
});

test.each<[string, UserDenoise, RegExp | undefined]>([
  ['what is returned', (x) => Array.from(x, (value) => value / 2), undefined],
  ['what is written', (x, _, out) => out.set(x.map((value) => value / 2)), undefined],
  ['nothing', () => {}, /left number 0 of 2 unwritten/],
  ['half of it', (x, _, out) => out.set(x.subarray(0, 1)), /left number 1 of 2 unwritten/],
  ['too few numbers', () => [1], /returned 1 numbers for a state of 2/],
])('D in float64 is %s', (_, denoise, refusal) => {
  const field = customField({ dim: 2, wgsl: twoGaussians, denoise });
  const out = new Float64Array(2);
  const run = () => field.denoise!(Float64Array.of(3, 5), 1, out);
  if (refusal) return expectRefusal(run, 'bad-field', refusal, /third argument, or return it/);
  run();
  expect([...out]).toEqual([1.5, 2.5]);
});
