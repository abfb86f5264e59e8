import { expect, test } from 'vitest';
import { Linearisation, type LinearisationSize } from '../../src/distill/training/normal-equations.js';
import { conditionsOf } from '../../src/execute/conditions.js';
import { customField } from '../../src/field/custom.js';
import { externalField } from '../../src/field/external.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import type { BespokeForm } from '../../src/solver/bespoke.js';
import { trainedFamily } from '../../src/solver/bespoke-family.js';
import { gpu } from '../device.js';
import twoGaussians from '../field/custom/two-gaussians.wgsl';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { nearPlain } from './fixtures.js';

const seed = freshSeed();
const BATCH = 12;
const NFE = 4;

/** The normal equations of a bespoke solver near the formula's own, step by step. */
async function equationsOf(
  field: Field,
  { formula, start }: Pick<BespokeForm, 'formula' | 'start'>,
  { conditions, ...size }: Partial<LinearisationSize> & { conditions?: number[] } = {},
) {
  const { dim } = field;
  const data = { mean: Array.from({ length: dim }, (_, d) => 0.1 * Math.sin(d)), std: 0.5 };
  const form = { formula, start, nfe: NFE, range: DEFAULT_RANGE, data };
  const trained = nearPlain(form, random(seed, 1), 0.05);
  const linearisation = await Linearisation.create(gpu, field, trainedFamily(form), {
    ...{ batch: BATCH, softening: 0.01, executor: 'stepwise' },
    ...size,
  });
  try {
    return await linearisation.at(trained, {
      latents: Float32Array.from(latents(seed, BATCH, dim)),
      endpoints: Float32Array.from(latents(seed + 1, BATCH, dim, 1)),
      conditions: conditionsOf(field, BATCH, conditions),
    });
  } finally {
    linearisation.destroy();
  }
}

const config = mlpConfig({ dim: 7, width: 32, layers: 2 });
const fields: [string, Field][] = [
  ['a mixture', gaussianMixture(randomMixture(seed, 3, 4, 'shared'))],
  ['a mixture in 64-D', gaussianMixture(randomMixture(seed, 64, 5, 'per-component'))],
  ['a mixture above 128-D', gaussianMixture(randomMixture(seed, 130, 3, 'shared'))],
  ['a custom field', customField({ dim: 2, wgsl: twoGaussians })],
  ['a network', mlpField({ config, parameters: randomParameters(config, random(seed, 2)) })],
];

const classes = mlpConfig({ dim: 7, width: 32, layers: 2, classes: 3 });
const labelled = { config: classes, parameters: randomParameters(classes, random(seed, 3)) };

test(
  'trajectories under conditions of their own: the sums are those of each, whoever makes them',
  async () => {
    const form = { formula: 'dpmpp-3m', start: 'gaussian' } as const;
    const field = mlpField(labelled, { label: 'all' });
    const conditions = Array.from({ length: BATCH }, (_, i) => (5 * i + 1) % 3);
    const shared = await equationsOf(field, form, { conditions });
    expect(await equationsOf(field, form, { conditions, chunk: 5 * BATCH + 3 })).toEqual(shared);
    // With one condition for all they are those of the network with that label.
    const [one, alone] = [new Array<number>(BATCH).fill(2), mlpField(labelled, { label: 2 })];
    const [told, plain] = [
      await equationsOf(field, form, { conditions: one }),
      await equationsOf(alone, form),
    ];
    expect(Math.abs(told.loss - plain.loss)).toBeLessThan(1e-5);
    expect(Math.abs(told.meanError / plain.meanError - 1)).toBeLessThan(1e-5);
    // Labels matter: one number may be alike by chance, as the loss was once to 2e-4, not all of the gradient.
    const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]))) / Math.max(...Array.from(b, Math.abs));
    expect(apart(told.gradient, plain.gradient)).toBeLessThan(1e-3);
    expect(apart(shared.gradient, plain.gradient)).toBeGreaterThan(1e-2);
  },
  SLOW,
);

test.each(fields)(
  '%s: evaluations that are not made again come to what they would',
  async (_, field) => {
    for (const form of [
      { formula: 'dpmpp-3m', start: 'gaussian' },
      { formula: 'ipndm-4', start: 'afs' },
    ] as const) {
      const shared = await equationsOf(field, form);
      // In chunks each solve makes all of its own.
      expect(await equationsOf(field, form, { chunk: 5 * BATCH + 3 })).toEqual(shared);
    }
  },
  SLOW,
);

test('an evaluation is asked for by those alone whose state, or what the field is told, was moved', async () => {
  const dim = 3;
  const asked: number[] = [];
  const field = externalField({
    dim,
    prediction: 'x0',
    predict(states, times) {
      asked.push(times.length);
      return states.map((x, i) => x / (1 + times[Math.floor(i / dim)] ** 2));
    },
  });
  const before = gpu.work.evaluations;
  await equationsOf(field, { formula: 'ipndm-3', start: 'none' });
  // Evaluation k: k + 1 of what the field is told, k times and as many scales, and the weights of the steps before it;
  // and who moves nothing.
  const weights = [0, 3, 3 + 4, 3 + 4 + 5];
  expect(asked).toEqual(weights.map((w, k) => BATCH * (1 + (k + 1) + k + k + w)));
  expect(gpu.work.evaluations - before).toBe(asked.reduce((sum, count) => sum + count));
  asked.length = 0;
  await equationsOf(field, { formula: 'ipndm-3', start: 'none' }, { chunk: 100 });
  const moved = NFE - 1 + NFE + NFE + (3 + 4 + 5 + 6);
  expect(asked.reduce((sum, count) => sum + count)).toBe(NFE * BATCH * (1 + moved));
});
