import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import type { FeatureSource } from '../../src/predictor/network-config.js';
import { random } from '../../src/problem/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { nfeOf } from '../../src/solver/plan.js';
import { gpu } from '../device.js';
import { excess, roundingErrors } from '../execute/rounding.js';
import { freshSeed, latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { expectRefused } from '../refusal.js';
import { randomPredictor } from './fixtures.js';

const seed = freshSeed();
const BATCH = 67;
/** Coefficients of high order are differences of larger numbers: they are right to 1e-5, and x moves by as much. */
const ROUNDINGS = 200;
const mixture = gaussianMixture(randomMixture(seed, 3, 4, 'per-component'));
const config = mlpConfig({ dim: 3, width: 32, layers: 2 });
const network = mlpField({ config, parameters: randomParameters(config, random(seed, 5)) });

const cases: { name: string; field: Field; reads: FeatureSource }[] = [
  { name: 'a network by its hidden features', field: network, reads: 'hidden' },
  { name: 'a mixture by its states', field: mixture, reads: 'state' },
  { name: 'a mixture by the times', field: mixture, reads: 'times' },
];

describe.each(cases)('$name', ({ field, reads }) => {
  test.each(amedSolvers)(
    `$name is the reference (seed ${seed})`,
    async (solver) => {
      for (const afs of [false, true]) {
        const scales = { scaleDirection: 0.1, scaleTime: 0.2, reads };
        const predictor = randomPredictor(solver, field, scales, { seed, steps: 3, afs });
        const { plan } = predictor.predicted;
        const x = latents(seed, BATCH, field.dim, 20);
        const exact = solveReference(field, plan, { latents: x, predictor });
        const solution = await solve(gpu, field, plan, { latents: { values: x }, predictor });
        expect(solution.evaluations).toBe(nfeOf(plan));
        expect(exact.evaluations).toBe(nfeOf(plan));
        const options = { latents: x, predictor };
        const errors = roundingErrors(field, plan, options, exact.samples, seed, ROUNDINGS);
        expect(excess(solution.samples, exact.samples, errors, field.dim), `AFS ${afs}`).toBeLessThan(2);
        // In chunks the same to the last bit.
        const chunked = await solve(gpu, field, plan, { latents: { values: x }, predictor, chunk: 9 });
        expect(chunked.samples).toEqual(solution.samples);
        expect(chunked.answers).toEqual(solution.answers);
      }
    },
    SLOW,
  );
});

test.each(cases)(
  `$name has an r for each trajectory as far as it reads of them (seed ${seed})`,
  async ({ field, reads }) => {
    const [solver] = amedSolvers;
    const scales = { scaleDirection: 0.1, scaleTime: 0.2, reads };
    const predictor = randomPredictor(solver, field, scales, { seed, steps: 2, afs: true });
    const x = latents(seed, 2, field.dim, 20);
    const { answers } = await solve(gpu, field, predictor.predicted.plan, {
      latents: { values: x },
      predictor,
    });
    const [first, second] = [answers!.subarray(0, 2), answers!.subarray(6, 8)];
    // There is nothing to read in an analytical first step.
    expect(first[0]).toBe(first[1]);
    if (reads === 'times') expect(second[0]).toBe(second[1]);
    else expect(Math.abs(second[0] - second[1])).toBeGreaterThan(1e-6);
  },
);

test('a predictor of hidden features refuses a field without', async () => {
  const scales = { scaleDirection: 0, scaleTime: 0, reads: 'hidden' as const };
  const predictor = randomPredictor(amedSolvers[0], mixture, scales, { seed, steps: 2, afs: false });
  await expectRefused([
    'hidden features of a mixture',
    () => solve(gpu, mixture, predictor.predicted.plan, { latents: { batch: 2, seed: 1 }, predictor }),
    'bad-field',
    /reads hidden features, and a gaussian-mixture field has none/,
    /use the field that it was trained on/,
  ]);
});

test('a predictor of another plan is refused by both executors', async () => {
  const scales = { scaleDirection: 0.1, scaleTime: 0, reads: 'times' as const };
  const [one, other] = [2, 3].map((steps) =>
    randomPredictor(amedSolvers[0], mixture, scales, { seed, steps, afs: false }),
  );
  const { plan } = other.predicted;
  for (const work of [
    () => solve(gpu, mixture, plan, { latents: { batch: 2, seed: 1 }, predictor: one }),
    () => solveReference(mixture, plan, { latents: [1, 2, 3], predictor: one }),
  ]) {
    await expectRefused([
      'another plan',
      work,
      'bad-argument',
      /is not the one whose columns/,
      /predictedRun/,
    ]);
  }
});
