import { expect, test } from 'vitest';
import { runTeacher, type TeacherPool } from '../../src/distill/pool.js';
import { type Score, scoreOfErrors } from '../../src/distill/score.js';
import { type FamilyRecord, trainFamily } from '../../src/distill/training/family-training.js';
import { Validation } from '../../src/distill/training/validation.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, parseGrid } from '../../src/grid/grid.js';
import { endpointErrors } from '../../src/metrics/endpoint-errors.js';
import { random } from '../../src/rng/random.js';
import { type BespokeForm, plainNumbers } from '../../src/solver/bespoke.js';
import { bespokeFamily, trainedFamily, trainedFrom, unitsOf } from '../../src/solver/bespoke-family.js';
import type { PlanFamily } from '../../src/solver/plan-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const DIM = 5;
const field = gaussianMixture(randomMixture(seed, DIM, 4, 'shared'));
const form: BespokeForm = {
  formula: 'ipndm-3',
  start: 'gaussian',
  nfe: 4,
  range: DEFAULT_RANGE,
  data: { mean: [0.3, -0.2, 0.1, 0, 1], std: 1.5 },
};

function numbersNear(stream: number): Float64Array {
  const source = random(seed, stream);
  const times = parseGrid('polynomial:5').times(form.nfe, { ...form.range, sigmaMax: 12 });
  return plainNumbers(form, times).map((value) => value + source.between(-0.01, 0.01));
}

function pool(count: number, from: number): Promise<TeacherPool> {
  return runTeacher(gpu, field, planFor({ solver: 'ipndm-4', nfe: 20 }), { count, seed: from });
}

/** As a solve of the same columns by the same executor, on the host. */
async function scoreOnHost(family: PlanFamily, parameters: Float64Array, given: TeacherPool): Promise<Score> {
  const batch = given.latents.length / DIM;
  const columns = [...family.values(parameters)].flatMap((value) => new Array<number>(batch).fill(value));
  const { samples } = await solve(gpu, field, family.plan, {
    latents: { values: given.latents },
    columns,
  });
  return scoreOfErrors(endpointErrors(samples, given.states[given.states.length - 1], DIM));
}

/** Distances in float32 on the device beside those on the host in float64, of the same end points. */
const ROUNDING = 1e-5;

test.each([undefined, 64, 50])(
  'scores are those of the host, in turn and at most %s trajectories at once',
  async (chunk) => {
    const given = await pool(150, 2 ** 40);
    const family = bespokeFamily(form);
    const validation = await Validation.create(gpu, field, family.plan, given, chunk);
    for (const stream of [1, 2, 3]) {
      const numbers = numbersNear(stream);
      const { mean, median, score } = await validation.submit(family.values(numbers));
      const exact = await scoreOnHost(family, numbers, given);
      expect(Math.abs(mean / exact.mean - 1)).toBeLessThan(ROUNDING);
      expect(Math.abs(median / exact.median - 1)).toBeLessThan(ROUNDING);
      expect(Math.abs(score - exact.score)).toBeLessThan(2 * ROUNDING);
    }
    validation.destroy();
  },
);

test('a plan that diverges is infinitely bad, and the next one is not', async () => {
  const given = await pool(40, 2 ** 40);
  const family = bespokeFamily(form);
  const validation = await Validation.create(gpu, field, family.plan, given);
  const values = family.values(numbersNear(1));
  const before = await validation.submit(values);
  const huge = await validation.submit(values.map((value) => 1e30 * value));
  expect(huge).toEqual({ mean: Infinity, median: Infinity, score: Infinity });
  expect(await validation.submit(values)).toEqual(before);
  validation.destroy();
});

const SETTINGS = { batch: 16, iterations: 18, seed, reference: 0.01, units: unitsOf(form) };

test('training gives its records in order, and the best of those validated', async () => {
  const [training, validation] = [await pool(256, 2 ** 40), await pool(100, 2 ** 40 + 1)];
  const parameters = trainedFrom(form, numbersNear(1));
  const family = trainedFamily(form);
  const start = { parameters, score: await scoreOnHost(family, parameters, validation) };
  const records: FamilyRecord[] = [];
  const best = await trainFamily(gpu, field, family, start, {
    ...{ ...SETTINGS, training, validation },
    onRecord: (record) => records.push({ ...record, parameters: record.parameters.slice() }),
  });
  expect(records.map(({ iteration }) => iteration)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
  const validated = records.filter((record) => record.validation !== undefined);
  expect(validated.map(({ iteration }) => iteration)).toEqual([4, 8, 12, 16, 18]);
  for (const record of validated) {
    const { score } = await scoreOnHost(family, record.parameters, validation);
    expect(Math.abs(record.validation!.score - score)).toBeLessThan(2 * ROUNDING);
  }
  const scores = [start.score.score, ...validated.map((record) => record.validation!.score)];
  expect(best.score.score).toBe(Math.min(...scores));
  const chosen = [start.parameters, ...validated.map((record) => record.parameters)];
  expect(best.parameters).toEqual(chosen[scores.indexOf(best.score.score)]);
});

test('training that is given up between a state and its score ends as such', async () => {
  const training = await pool(128, 2 ** 40);
  const parameters = trainedFrom(form, numbersNear(1));
  const given = new AbortController();
  const start = { parameters, score: { mean: 1, median: 1, score: 1 } };
  let last = 0;
  const work = trainFamily(gpu, field, trainedFamily(form), start, {
    ...{ ...SETTINGS, training, validation: training },
    signal: given.signal,
    onRecord({ iteration }) {
      last = iteration;
      if (iteration === 4) given.abort(new Error('enough'));
    },
  });
  await expect(work).rejects.toThrow('enough');
  // The score of the fourth came while the fifth ran.
  expect(last).toBe(5);
});
