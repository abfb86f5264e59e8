import { describe, expect, it, test } from 'vitest';
import { BESPOKE, distillBespoke, type TrainedStage } from '../../src/distill/bespoke/bespoke.js';
import {
  searchBespoke,
  searchEvaluations,
  searchFirstTimes,
} from '../../src/distill/bespoke/bespoke-search.js';
import {
  allIterations,
  type Budget,
  countedIterations,
  searchTrajectories,
  sharedIterations,
  teacherTrajectories,
} from '../../src/distill/budget.js';
import { distill } from '../../src/distill/distill.js';
import {
  refineStart,
  searchedGrids,
  searchSize,
  searchStarts,
  startEvaluations,
} from '../../src/distill/learnable/start.js';
import { distillTable, learnableTable, type TableOptions } from '../../src/distill/learnable/table.js';
import { distillTimes, learnableTimes, type TimesOptions } from '../../src/distill/learnable/times.js';
import { partOf, runTeacher, SEARCH_TRAJECTORIES } from '../../src/distill/pool.js';
import {
  largestFamily,
  neededEvaluations,
  sizesWithin,
} from '../../src/distill/request/needed-evaluations.js';
import { scoreOf } from '../../src/distill/score.js';
import { ROBUST } from '../../src/distill/settings.js';
import {
  iterationsWithin,
  trainFamily,
  trainingEvaluations,
} from '../../src/distill/training/family-training.js';
import { externalField } from '../../src/field/external.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, polynomial } from '../../src/grid/grid.js';
import { amedSolver } from '../../src/predictor/predictor.js';
import { bespokePlan, plainNumbers } from '../../src/solver/bespoke.js';
import { numbersFrom, trainedFamily, trainedFrom, unitsOf } from '../../src/solver/bespoke-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { solverByName } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));

const LITTLE = { ...ROBUST, batch: 16 };

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
  [231, 14, 10, { each: 0, finalist: 0, table: 231 }],
  [232, 14, 10, { each: 4, finalist: 12, table: 116 }],
  [60, 4, 2, { each: 2, finalist: 6, table: 40 }],
])(
  'of %i iterations %i candidates and their finalists have at most half, at most %i each, and four or none',
  (total, candidates, most, expected) => {
    const shared = sharedIterations(total, candidates, most);
    expect(shared).toEqual(expected);
    expect(allIterations(candidates, shared.each, shared.table)).toBe(total);
  },
);

test('trajectories are iterations of a batch; seconds and evaluations say nothing before anything ran', () => {
  expect(countedIterations({ amount: 100_000, unit: 'trajectories' }, 128)).toBe(781);
  expect(countedIterations({ amount: 600, unit: 'iterations' }, 128)).toBe(600);
  expect(countedIterations({ amount: 20, unit: 'seconds' }, 128)).toBeUndefined();
  expect(countedIterations({ amount: 20_000, unit: 'evaluations' }, 128)).toBeUndefined();
});

test('of evaluations a third is for the search, and the teacher makes half as many, within bounds', () => {
  const searched = (room: number) => searchTrajectories((count) => 500 + 1000 * count, room, 192);
  expect([0, 32_499, 32_500, 96_500, 192_500, 1e9].map(searched)).toEqual([16, 31, 32, 96, 192, 192]);
  expect(searchTrajectories(() => 1, undefined, 192)).toBe(192);

  const usual = { trajectories: 10_000, validation: 512 };
  const taught = (amount: number, students = 2) =>
    teacherTrajectories({ amount, unit: 'evaluations' }, usual, { students, teacherNfe: 50 });
  expect(taught(10)).toEqual({ trajectories: 256, validation: 64 });
  expect(taught(100_000)).toEqual({ trajectories: 1600, validation: 400 });
  expect(taught(100_000, 1)).toEqual({ trajectories: 800, validation: 200 });
  expect(taught(200_000)).toEqual({ trajectories: 3200, validation: 512 });
  expect(taught(1e9)).toEqual(usual);
  const seconds = teacherTrajectories({ amount: 1, unit: 'seconds' }, usual, { students: 1, teacherNfe: 50 });
  expect(seconds).toEqual(usual);
});

test('what a search and an iteration take in evaluations is what they make', async () => {
  const { training, validation } = await pools();
  const made = async <T>(work: () => Promise<T>) => {
    const before = gpu.work.evaluations;
    await work();
    return gpu.work.evaluations - before;
  };
  const data = { mean: [0, 0], std: 1 };
  for (const [nfe, choices] of [
    [3, {}],
    [5, { formulas: ['ipndm-3', 'deis-2'], starts: ['gaussian'] as const }],
    [2, { formulas: ['euler'], starts: ['none', 'afs'] as const }],
  ] as const) {
    const common = { nfe, range: DEFAULT_RANGE, data };
    for (const trajectories of [16, 50]) {
      const evaluations = await made(async () => {
        const found = await searchBespoke(gpu, field, common, training, { ...choices, trajectories });
        const gaussian = found.find(({ form }) => form.start === 'gaussian');
        if (gaussian) await searchFirstTimes(gpu, field, gaussian.form, training, { trajectories });
      });
      expect(evaluations).toBe(searchEvaluations(common, choices, trajectories));
    }
    const form = { ...common, ...{ formula: 'deis-2', start: 'gaussian' as const } };
    const family = trainedFamily(form);
    const parameters = trainedFrom(
      form,
      plainNumbers(form, polynomial().times(nfe, { sigmaMax: 20, sigmaMin: 0.002 })),
    );
    const score = await scoreOf(gpu, field, bespokePlan(form, numbersFrom(form, parameters)), validation);
    const options = { training, validation, batch: 14, units: unitsOf(form), seed, reference: 1 };
    for (const iterations of [8, 9, 11]) {
      const evaluations = await made(() =>
        trainFamily(gpu, field, family, { parameters, score }, { ...options, iterations }),
      );
      const counts = { batch: 14, validation: 128 };
      expect(evaluations).toBe(trainingEvaluations(family, counts, iterations));
      expect(iterationsWithin(evaluations, family, counts)).toBe(iterations);
      expect(iterationsWithin(evaluations - 1, family, counts)).toBe(iterations - 1);
    }
  }
});

test.each(['iterations', 'trajectories', 'seconds', 'evaluations'] as const)(
  'a budget in %s is kept, and no state is worse than those before it',
  async (unit) => {
    const batch = 16;
    const amount = { iterations: 60, trajectories: 60 * batch, seconds: 4, evaluations: 100_000 }[unit];
    const planned: Record<TrainedStage, number[]> = { candidates: [], table: [] };
    const options = {
      ...(await pools()),
      formulas: ['euler', 'ipndm-2', 'dpmpp-2m'],
      onTraining: (stage: TrainedStage, _: unknown, count: number) => planned[stage].push(count),
    };
    const settings = { ...BESPOKE, nfe: 3, batch, candidates: 2, budget: { amount, unit } };
    const before = gpu.work.evaluations;
    const learned = await distillBespoke(gpu, field, settings, options);
    const made = gpu.work.evaluations - before;
    const { history, iterations, start, origin, best, candidates } = learned;
    const of = (stage: TrainedStage) => history.filter((record) => record.stage === stage).length;
    expect({ candidates: of('candidates'), table: of('table') }).toEqual(iterations);
    expect(planned.candidates).toHaveLength(2);
    expect(planned.candidates[0]).toBe(planned.candidates[1]);
    if (unit === 'seconds') expect(iterations.table).toBeGreaterThan(0);
    else if (unit === 'evaluations') {
      expect(made).toBeLessThanOrEqual(amount);
      // What is left of less than an iteration, and of the state that is validated last.
      expect(made).toBeGreaterThan(0.95 * amount);
    } else expect(iterations).toEqual({ candidates: 20, table: 40 });
    const least = Math.min(...candidates.map(({ score }) => score.score));
    expect(least).toBeLessThanOrEqual(start.score);
    expect(least).toBeLessThanOrEqual(origin.score.score);
    expect(best.score).toBeLessThanOrEqual(least);
  },
  SLOW,
);

const AMED = { solver: amedSolver('amed-ipndm').solver, options: { order: 2 }, afs: true };
const TIMES = { solver: solverByName('ipndm-2'), afs: true };
const twoGrids = (steps: number) => searchedGrids(steps, DEFAULT_RANGE).slice(0, 2);

test.each([
  ['answers', learnableTable({ ...AMED, grids: twoGrids(3) }, ROBUST), 2],
  ['times', learnableTimes({ ...TIMES, grids: twoGrids(5) }, ROBUST), 1],
])(
  'what a search for %s to begin with takes in evaluations is what it makes',
  async (_, student, refined) => {
    const { training, validation } = await pools();
    for (const searched of [16, 41]) {
      const before = gpu.work.evaluations;
      const given = { training, validation, searched };
      const { starts } = await searchStarts(gpu, field, student, given);
      for (const start of starts.slice(0, refined)) await refineStart(gpu, field, student, start, given);
      const size = { searched, validation: 128, refined };
      expect(gpu.work.evaluations - before).toBe(startEvaluations(student, size));
    }
  },
);

test.each([
  ['answers', learnableTable({ ...AMED, grids: twoGrids(3) }, ROBUST)],
  ['times', learnableTimes({ ...TIMES, grids: twoGrids(5) }, ROBUST)],
])(
  'a search for %s keeps to its room where the smallest does, and refines no more than it can',
  (_, student) => {
    const validation = 100;
    for (const compared of [false, true]) {
      const cost = (size: { searched: number; refined: number }) => {
        const all = startEvaluations(student, { ...size, validation });
        return compared ? all - startEvaluations(student, { ...size, validation, refined: 0 }) : all;
      };
      const smallest = cost({ searched: 16, refined: 0 });
      const sizes = [-1, 0, 3000, 8000, 20_000, 60_000, 1e9].map((room) => {
        const size = searchSize(student, { most: 2, validation, room, compared });
        expect(cost(size)).toBeLessThanOrEqual(Math.max(room, smallest));
        return size;
      });
      for (const [i, { searched, refined }] of sizes.entries()) {
        expect(searched).toBeGreaterThanOrEqual(16);
        // More room, more refined, or the same in more trajectories.
        const { searched: next, refined: more } = sizes[i + 1] ?? { searched: 192, refined: 2 };
        expect(more).toBeGreaterThanOrEqual(refined);
        if (more === refined) expect(next).toBeGreaterThanOrEqual(searched);
      }
      expect(sizes.at(-1)).toEqual({ searched: 192, refined: 2 });
      expect(searchSize(student, { most: 2, validation, room: undefined, compared })).toEqual(sizes.at(-1));
    }
  },
);

test(
  'of few seconds the search for answers leaves some to train in, however slow the field is',
  async () => {
    const slow = externalField({
      dim: 2,
      prediction: 'x0',
      // 20 us a state: refining both starts would take seven seconds.
      async predict(states, sigmas) {
        await new Promise((resolve) => setTimeout(resolve, 0.02 * sigmas.length));
        return states.map((x, i) => x / (1 + sigmas[Math.floor(i / 2)] ** 2));
      },
    });
    const settings = { ...LITTLE, batch: 4 };
    const budget = { amount: 4, unit: 'seconds' as const };
    const student = { ...AMED, grids: twoGrids(5) };
    const { training, validation } = await pools();
    const few = { training, validation: partOf(validation, 0, 32) };
    const { iterations, seconds } = await distillTable(gpu, slow, student, { settings, budget, ...few });
    expect(iterations).toBeGreaterThan(0);
    expect(seconds.training).toBeGreaterThan(0);
  },
  SLOW,
);

describe.each([
  [
    'a table of answers',
    (options: Omit<TableOptions, 'settings'>) =>
      distillTable(gpu, field, { ...AMED, grids: twoGrids(3) }, { ...options, settings: LITTLE }),
  ],
  [
    'times',
    (options: Omit<TimesOptions, 'settings' | 'onStart' | 'onRecord'>) =>
      distillTimes(gpu, field, { ...TIMES, grids: twoGrids(5) }, { ...options, settings: LITTLE }),
  ],
])('of %s', (_, distil) => {
  it.each(['iterations', 'trajectories', 'seconds', 'evaluations'] as const)(
    'a budget in %s is kept',
    async (unit) => {
      const { batch } = LITTLE;
      const amount = { iterations: 90, trajectories: 90 * batch, seconds: 3, evaluations: 150_000 }[unit];
      const planned: number[] = [];
      const pool = await pools();
      const before = gpu.work.evaluations;
      const learned = await distil({
        ...{ ...pool, budget: { amount, unit } },
        onPlanned: (count) => planned.push(count),
      });
      const made = gpu.work.evaluations - before;
      const { iterations, start, best, seconds } = learned;
      expect(planned.at(-1)).toBe(iterations);
      expect(best.score).toBeLessThanOrEqual(start.score);
      if (unit === 'seconds') {
        expect(iterations).toBeGreaterThan(0);
        expect(seconds.training).toBeGreaterThan(0);
      } else if (unit === 'evaluations') {
        expect(made).toBeLessThanOrEqual(amount);
        expect(made).toBeGreaterThan(0.95 * amount);
      } else expect(iterations).toBe(90);
    },
    SLOW,
  );

  it('one that is spent before anything is learned is refused with the least that is not', async () => {
    const options = await pools();
    const budget = (amount: number) => ({ ...options, budget: { amount, unit: 'evaluations' as const } });
    const told = await distil(budget(500)).catch((error) => error);
    expect(told).toMatchObject({
      code: 'unreachable-budget',
      message: expect.stringMatching(/500 evaluations is too small at NFE \d$/),
    });
    const least = Number(/^give (\d+) or more/.exec(told.remedy)![1]);
    const before = gpu.work.evaluations;
    const { iterations } = await distil(budget(least));
    expect(iterations).toBeGreaterThanOrEqual(4);
    expect(gpu.work.evaluations - before).toBeLessThanOrEqual(least);
    await expect(distil(budget(least - 1))).rejects.toThrow('too small at NFE');
    const hours = { ...options, budget: { amount: 5, unit: 'hours' as never } };
    await expect(distil(hours)).rejects.toThrow("'hours'");
    const half = { ...options, budget: { amount: 0.5, unit: 'iterations' as const } };
    await expect(distil(half)).rejects.toThrow('no iteration of 16');
  });
});

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

test('a budget that is spent before anything is learned is refused with the least that is not', async () => {
  const evaluations = (amount: number) => ({ amount, unit: 'evaluations' }) as const;
  const request = { field, solver: 'bespoke', nfe: 3, formulas: ['ipndm-2', 'deis-3'] };
  const told = await distill(gpu, { ...request, budget: evaluations(500) }).catch((error) => error);
  expect(told).toMatchObject({
    code: 'unreachable-budget',
    message: 'a budget of 500 evaluations is too small at NFE 3',
  });
  const least = Number(/^give (\d+) or more/.exec(told.remedy)![1]);
  const { runs, training } = await distill(gpu, { ...request, budget: evaluations(least) });
  expect(runs[0].iterations).toBeGreaterThanOrEqual(4);
  expect(training).toMatchObject({ trajectories: 256, validation: 64 });
  const settings = { ...BESPOKE, nfe: 3, budget: evaluations(500) };
  await expect(distillBespoke(gpu, field, settings, await pools())).rejects.toThrow(
    '500 evaluations is too small',
  );
});

test('of few evaluations batches are smaller, for the NFE that needs most', () => {
  const usual = { trajectories: 10_000, validation: 512, batch: 32 };
  const sizes = (amount: number, nfes = [5], unit: Budget['unit'] = 'evaluations') =>
    sizesWithin(
      { amount, unit },
      {
        largest: () => largestFamily({ nfe: Math.max(...nfes), range: DEFAULT_RANGE }),
        ...{ enough: 100, students: nfes.length, teacherNfe: 100 },
      },
      usual,
    );
  expect(sizes(50_000)).toEqual({ trajectories: 256, validation: 64, batch: 8 });
  expect(sizes(400_000)).toEqual({ trajectories: 1600, validation: 400, batch: 16 });
  expect(sizes(1e6)).toEqual({ trajectories: 4000, validation: 512, batch: 32 });
  expect(sizes(200_000, [3]).batch).toBe(16);
  expect(sizes(200_000, [3, 10]).batch).toBe(8);
  expect(sizes(10, [5], 'seconds')).toEqual(usual);
});

test('what a distillation needs is known before, nearly', async () => {
  const options = { ...(await pools()), formulas: ['ipndm-3', 'dpmpp-2m'] };
  const settings = { ...BESPOKE, nfe: 4, batch: 8, candidates: 5, candidateIterations: 4, iterations: 12 };
  const before = gpu.work.evaluations;
  const { form } = await distillBespoke(gpu, field, settings, options);
  const made = gpu.work.evaluations - before;
  const iterations = allIterations(5, 4, 12);
  const size = { batch: 8, validation: 128, searched: SEARCH_TRAJECTORIES, iterations };
  const needed = neededEvaluations({ ...form, formulas: options.formulas, tables: 1 }, size);
  // Each training validates its last state too.
  const more = 8 * 4 * 128;
  expect(made).toBeLessThanOrEqual(needed + more);
  expect(made).toBeGreaterThan(0.9 * needed);
});
