import { expect, test } from 'vitest';
import { answersOf, parametersOf } from '../../src/distill/learnable/answer-parameters.js';
import { familyOn } from '../../src/distill/learnable/learnable.js';
import { refineStart, searchedGrids, searchStarts } from '../../src/distill/learnable/start.js';
import { distillTable, learnableTable, type TableRecord } from '../../src/distill/learnable/table.js';
import { runTeacher } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { ROBUST } from '../../src/distill/settings.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, polynomial } from '../../src/grid/grid.js';
import { problemByName } from '../../src/problem/registry.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { expectNormalEquations } from './expect-normal-equations.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));
const SCALES = { scaleDirection: 0.4, scaleTime: 0.3 };

test.each(amedSolvers)(
  '$name: the normal equations of what is learned are those of float64',
  async (solver) => {
    const grid = { name: 'polynomial:7', times: polynomial().times(3) };
    const student = learnableTable({ solver, afs: true, grids: [grid] }, SCALES);
    const source = random(seed, 2);
    const parameters = Float64Array.from({ length: 9 }, () => source.between(-0.5, 0.5));
    const planOf = (p: Float64Array) => student.plan(grid.times, p);
    await expectNormalEquations(field, familyOn(student, grid), planOf, parameters, seed);
  },
  SLOW,
);

test(
  'a search gives every grid an r, the base its own, and steps one of their own where that validates better',
  async () => {
    const ring = gaussianMixture(problemByName('ring').mixture);
    const pool = (count: number, from: number) =>
      runTeacher(gpu, ring, planFor(ROBUST.teacher), { count, seed: from });
    const pools = { training: await pool(192, 2 ** 40), validation: await pool(256, 2 ** 40 + 1) };
    const solver = amedSolvers.find(({ name }) => name === 'amed')!;
    const grids = searchedGrids(3, DEFAULT_RANGE);
    const student = learnableTable({ solver, afs: true, grids }, SCALES);
    const scored = (times: number[], r: number[]) =>
      scoreOf(gpu, ring, student.plan(times, parametersOf(r)), pools.validation);
    const { base, starts } = await searchStarts(gpu, ring, student, pools);
    // By the host's numbers in the one, and by columns in the other.
    const near = (score: number) => expect.closeTo(score, 5);
    expect(base.score).toEqual(near((await scored(grids[0].times, [0.5, 0.5, 0.5])).score));
    expect(starts.map(({ grid }) => grid.name).toSorted()).toEqual(grids.map(({ name }) => name).toSorted());
    const scores = starts.map(({ score }) => score.score);
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(starts.find(({ grid }) => grid === grids[0])!.score.score).toBeLessThanOrEqual(base.score);
    for (const start of starts) {
      expect(new Set(start.r!).size).toBe(1);
      expect(start.score.score).toEqual(near((await scored(start.grid.times, start.r!)).score));
      const refined = await refineStart(gpu, ring, student, start, pools);
      expect(refined.score.score).toEqual(near((await scored(start.grid.times, refined.r!)).score));
      expect(refined.score.score).toBeLessThan(start.score.score);
      expect(new Set(refined.r!).size).toBeGreaterThan(1);
    }
  },
  SLOW,
);

test(
  'a table is better than its start on fresh latents, and the same again for the same seed',
  async () => {
    const settings = { ...ROBUST, ...SCALES, trajectories: 1024, validation: 256, iterations: 80 };
    const teacher = planFor(settings.teacher);
    const training = await runTeacher(gpu, field, teacher, { count: settings.trajectories, seed: 2 ** 40 });
    const validation = await runTeacher(gpu, field, teacher, {
      count: settings.validation,
      seed: 2 ** 40 + 1,
    });
    const fresh = await runTeacher(gpu, field, planFor({ solver: 'unipc-3', nfe: 128 }), {
      count: 512,
      seed: 7,
    });
    const solver = amedSolvers.find(({ name }) => name === 'amed-ipndm')!;
    const grids = ['polynomial:7', 'logsnr'].map((grid) => ({
      name: grid,
      times: planFor({ solver: 'euler', nfe: 2, grid }).times as number[],
    }));
    const student = { solver, afs: true, grids };
    const records: TableRecord[] = [];
    const run = (onRecord?: (record: TableRecord) => void) =>
      distillTable(gpu, field, student, { settings, training, validation, onRecord });
    const first = await run((record) => records.push(record));
    expect(first.best.score).toBeLessThan(first.start.score);
    expect(first.start.score).toBeLessThanOrEqual(first.base.score);
    // Ten iterations on each of two grids, and the others on the better one: no finalists among two.
    const iterations = records.map(({ iteration }) => iteration);
    expect(iterations).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    expect(new Set(records.map(({ grid }) => grid))).toEqual(new Set(['polynomial:7', 'logsnr']));
    expect(first.history).toEqual(records.filter(({ grid }) => grid === first.grid));
    expect(first.history).toHaveLength(68);
    const learned = await scoreOf(
      gpu,
      field,
      solver.planWith(first.times, first.answers, { afs: true }),
      fresh,
    );
    const untrained = await scoreOf(gpu, field, solver.plan(grids[0].times, { afs: true }), fresh);
    expect(learned.score).toBeLessThan(untrained.score);
    expect((await run()).answers).toEqual(first.answers);
  },
  SLOW,
);

test('answers keep to their ranges, and parameters give them back', () => {
  const [first, second] = answersOf(parametersOf([0.3, 0.3]), SCALES);
  expect(first.r).toBeCloseTo(0.3, 12);
  expect(second).toEqual({ r: first.r, direction: 1, time: 1 });
  const [far] = answersOf(Float64Array.of(20, 50, -50), SCALES);
  expect(far.direction).toBeCloseTo(1.4, 9);
  expect(far.time).toBeCloseTo(0.7, 9);
  expect(far.r).toBeLessThan(1);
  expect(answersOf(Float64Array.of(0, 3, 3), { scaleDirection: 0, scaleTime: 0 })[0]).toEqual({
    r: 0.5,
    direction: 1,
    time: 1,
  });
});
