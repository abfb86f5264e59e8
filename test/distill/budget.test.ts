import { expect, test } from 'vitest';
import { BESPOKE, distillBespoke, type TrainedStage } from '../../src/distill/bespoke.js';
import { allIterations, countedIterations, sharedIterations } from '../../src/distill/budget.js';
import { runTeacher } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { bespokePlan } from '../../src/solver/bespoke.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));

async function pools() {
  const teacher = planFor({ solver: 'ipndm-4', nfe: 60 });
  return {
    training: await runTeacher(gpu, field, teacher, { count: 512, seed: 2 ** 40 }),
    validation: await runTeacher(gpu, field, teacher, { count: 128, seed: 2 ** 40 + 1 }),
  };
}

test.each([
  [60, 2, 120, { each: 15, finalist: 45, table: 30 }],
  [10_000, 4, 120, { each: 120, finalist: 360, table: 8800 }],
  [440, 14, 10, { each: 7, finalist: 21, table: 237 }],
  [100, 1, 120, { each: 0, finalist: 0, table: 100 }],
  [5, 4, 120, { each: 0, finalist: 0, table: 5 }],
])(
  'of %i iterations %i candidates and their finalists have at most half, and at most %i each',
  (total, candidates, most, expected) => {
    const shared = sharedIterations(total, candidates, most);
    expect(shared).toEqual(expected);
    expect(allIterations(candidates, shared.each, shared.table)).toBe(total);
  },
);

test('trajectories are iterations of a batch; seconds say nothing before anything ran', () => {
  expect(countedIterations({ amount: 100_000, unit: 'trajectories' }, 128)).toBe(781);
  expect(countedIterations({ amount: 600, unit: 'iterations' }, 128)).toBe(600);
  expect(countedIterations({ amount: 20, unit: 'seconds' }, 128)).toBeUndefined();
});

test.each(['iterations', 'trajectories', 'seconds'] as const)(
  'a budget in %s is kept, and no state is worse than those before it',
  async (unit) => {
    const batch = 16;
    const amount = { iterations: 60, trajectories: 60 * batch, seconds: 4 }[unit];
    const planned: Record<TrainedStage, number[]> = { candidates: [], table: [] };
    const options = {
      ...(await pools()),
      formulas: ['euler', 'ipndm-2', 'dpmpp-2m'],
      onTraining: (stage: TrainedStage, _: unknown, count: number) => planned[stage].push(count),
    };
    const settings = { ...BESPOKE, nfe: 3, batch, candidates: 2, budget: { amount, unit } };
    const learned = await distillBespoke(gpu, field, settings, options);
    const { history, iterations, start, origin, best, candidates } = learned;
    const of = (stage: TrainedStage) => history.filter((record) => record.stage === stage).length;
    expect({ candidates: of('candidates'), table: of('table') }).toEqual(iterations);
    expect(planned.candidates).toHaveLength(2);
    expect(planned.candidates[0]).toBe(planned.candidates[1]);
    if (unit === 'seconds') expect(iterations.table).toBeGreaterThan(0);
    else expect(iterations).toEqual({ candidates: 20, table: 40 });
    const least = Math.min(...candidates.map(({ score }) => score.score));
    expect(least).toBeLessThanOrEqual(start.score);
    expect(least).toBeLessThanOrEqual(origin.score.score);
    expect(best.score).toBeLessThanOrEqual(least);
  },
  SLOW,
);

test(
  'a given solver is a candidate in the units of its new field, and nothing is worse than it',
  async () => {
    const options = await pools();
    const settings = { ...BESPOKE, nfe: 3, candidates: 1, candidateIterations: 0, iterations: 20 };
    const first = await distillBespoke(gpu, field, settings, options);
    const { form, numbers } = first;
    // As a file of another field would say it.
    const elsewhere = { ...form, data: { mean: [7, 7], std: 5 } };
    const given = [{ form: elsewhere, grid: 'learned before', numbers }];
    const none = { ...settings, iterations: 0 };
    const again = await distillBespoke(gpu, field, none, { ...options, given });
    expect(again.origin.candidate).toMatchObject({ grid: 'learned before', form });
    // Validated by a run that is bound once, the given one by a solve: they differ by rounding, 1e-7 in errors of 1e-3.
    expect(again.origin.score.score).toBeCloseTo(first.best.score, 3);
    expect(again.start).toEqual(first.start);
    const own = await scoreOf(gpu, field, bespokePlan(again.form, again.numbers), options.validation);
    expect(own.score).toBeCloseTo(first.best.score, 3);
  },
  SLOW,
);
