import { expect, test } from 'vitest';
import { answersOf, parametersOf } from '../../src/distill/answer-parameters.js';
import { runTeacher } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { ROBUST } from '../../src/distill/settings.js';
import { refineStart } from '../../src/distill/start.js';
import { distillTable, probes } from '../../src/distill/table.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/problem/random.js';
import { problemByName } from '../../src/problem/registry.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { freshSeed, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectLossGradient } from './loss-gradient.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));
const SCALES = { scaleDirection: 0.4, scaleTime: 0.3 };

test.each(amedSolvers)(
  `$name: the gradient of the loss to what is learned is its difference in float64 (seed ${seed})`,
  async (solver) => {
    const times = polynomial().times(3);
    const source = random(seed, 2);
    const parameters = Float64Array.from({ length: 9 }, () => source.between(-0.5, 0.5));
    const planOf = (p: Float64Array) => solver.planWith(times, answersOf(p, SCALES), { afs: true });
    await expectLossGradient(field, planOf, { parameters, probes: probes(9), seed });
  },
  SLOW,
);

test(
  'a refined start gives steps an r of their own, and validates better',
  async () => {
    const ring = gaussianMixture(problemByName('ring').mixture);
    const pool = (count: number, from: number) =>
      runTeacher(gpu, ring, planFor(ROBUST.teacher), { count, seed: from });
    const pools = { training: await pool(192, 2 ** 40), validation: await pool(256, 2 ** 40 + 1) };
    const student = { solver: amedSolvers.find(({ name }) => name === 'amed')!, afs: true };
    const grid = { name: 'polynomial:7', times: polynomial().times(3) };
    const planOf = (r: number[]) =>
      student.solver.planWith(
        grid.times,
        r.map((each) => ({ r: each, direction: 1, time: 1 })),
        { afs: true },
      );
    const score = await scoreOf(gpu, ring, planOf([0.5, 0.5, 0.5]), pools.validation);
    const refined = await refineStart(gpu, ring, student, { grid, r: 0.5, score }, pools);
    expect(new Set(refined.r).size).toBeGreaterThan(1);
    expect(refined.score.score).toBeLessThan(score.score);
    expect(refined.score).toEqual(await scoreOf(gpu, ring, planOf(refined.r), pools.validation));
  },
  SLOW,
);

test(
  `a table is better than its start on fresh latents, and the same again for the same seed (seed ${seed})`,
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
    const run = () => distillTable(gpu, field, student, { settings, training, validation });
    const first = await run();
    expect(first.best.score).toBeLessThan(first.start.score);
    expect(first.start.score).toBeLessThanOrEqual(first.base.score);
    expect(first.history).toHaveLength(80);
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
