import { expect, test } from 'vitest';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { sameField } from '../../src/field/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { problemByName, problems } from '../../src/problem/registry.js';
import { random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import { hostField, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const config = mlpConfig({ dim: 3, width: 32, layers: 2 });
const parameters = randomParameters(config, random(seed));

const points = (scale: number) => {
  const source = random(seed, 7);
  return Float64Array.from({ length: 3 * 40 }, () => scale * source.normal());
};
const cases: [string, Field][] = [
  ['a mixture', gaussianMixture(randomMixture(seed, 3, 4, 'per-component'))],
  ['data', empirical(points(1), 3)],
  ['data as large as pixels', empirical(points(100), 3)],
  ['data of size 1/100', empirical(points(0.01), 3, 0.001)],
  ['a network', mlpField({ config, parameters })],
];

test.each(cases)(
  '%s is known on the GPU by what it is in float64',
  async (_, field) => {
    const [exact, evaluated] = [await fingerprintOf(field), await fingerprintOf(field, gpu)];
    expect(evaluated.denoised).not.toEqual(exact.denoised);
    expect(sameField(exact, evaluated)).toBe(true);
    expect(sameField(evaluated, exact)).toBe(true);
  },
  SLOW,
);

test('rounding the weights to float16 leaves a network what it is', async () => {
  const rounded = await fingerprintOf(mlpField({ config, parameters }, { precision: 'f16' }));
  const exact = await fingerprintOf(mlpField({ config, parameters }));
  expect(rounded.denoised).not.toEqual(exact.denoised);
  expect(sameField(exact, rounded)).toBe(true);
});

test('other fields are others', async () => {
  const all = Object.keys(problems).map((name) => gaussianMixture(problemByName(name).mixture));
  const moved = randomMixture(seed, 3, 4, 'per-component');
  moved.means[0] += 0.2;
  const retrained = parameters.map((value) => value * 1.05);
  const fields = [
    ...all,
    ...cases.map(([, field]) => field),
    gaussianMixture(moved),
    mlpField({ config, parameters: retrained }),
  ];
  const prints = await Promise.all(fields.map((field) => fingerprintOf(field)));
  for (const [i, a] of prints.entries()) {
    for (const [j, b] of prints.entries()) expect(sameField(a, b), `${i} and ${j}`).toBe(i === j);
  }
});

test('a field without a float64 form needs a GPU, and one that is no number is refused', async () => {
  const { denoise: _, ...gpuField } = cases[0][1];
  await expectRefusal(() => fingerprintOf(gpuField), 'bad-field', 'has no float64 form', /GPU/);
  const broken = hostField(2, (_, sigma, out) => out.fill(sigma > 1 ? Number.NaN : 0));
  await expectRefusal(() => fingerprintOf(broken), 'not-finite', 'field is NaN at sigma 3');
});
