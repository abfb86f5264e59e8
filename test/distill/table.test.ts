import { expect, test } from 'vitest';
import { answersOf, parametersOf } from '../../src/distill/answer-parameters.js';
import { runTeacher, type TeacherPool } from '../../src/distill/pool.js';
import { scoreOf } from '../../src/distill/score.js';
import { ROBUST } from '../../src/distill/settings.js';
import { distillTable } from '../../src/distill/table.js';
import { WholeTrajectory } from '../../src/distill/whole-trajectory.js';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/problem/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { planFamily } from '../../src/solver/plan-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { freshSeed, latents, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';

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
    const probe = (stream: number) => {
      const draw = random(1, stream);
      return Float64Array.from({ length: 9 }, () => draw.between(-0.5, 0.5));
    };
    const family = planFamily(planOf, [probe(1), probe(2)]);
    const [batch, softening] = [40, 0.01];
    const x = latents(seed, 2 * batch, 2);
    const target = latents(seed + 1, 2 * batch, 2, 1);
    const pool: TeacherPool = {
      dim: 2,
      latents: Float32Array.from(x),
      states: [Float32Array.from(target)],
      evaluations: 0,
      seconds: 0,
    };
    const options = { batch, loss: { kind: 'log-mean' as const, softening } };
    const trajectory = await WholeTrajectory.create(gpu, field, family, pool, options);
    expect(trajectory.batches).toBe(2);
    const { loss, meanError, gradient } = await trajectory.run(parameters, 3); // the second of two
    trajectory.destroy();

    const figures = (p: Float64Array) => {
      const { samples } = solveReference(field, planOf(p), { latents: x.subarray(2 * batch) });
      const squares = Array.from({ length: batch }, (_, b) =>
        [0, 1].reduce((sum, d) => sum + (samples[2 * b + d] - target[2 * (batch + b) + d]) ** 2, 0),
      );
      const mean = (of: (square: number) => number) =>
        squares.reduce((sum, square) => sum + of(square) / batch, 0);
      return {
        loss: Math.log(mean((s) => Math.sqrt(s + softening))) + mean((s) => Math.log(s + softening)) / 4,
        meanError: mean(Math.sqrt),
      };
    };
    const exact = figures(parameters);
    expect(Math.abs(loss - exact.loss)).toBeLessThan(1e-4);
    expect(Math.abs(meanError / exact.meanError - 1)).toBeLessThan(1e-4);
    const slopes = parameters.map((value, i) => {
      const at = (by: number) => figures(parameters.with(i, value + by)).loss;
      return (at(1e-4) - at(-1e-4)) / 2e-4;
    });
    const scale = Math.max(...slopes.map(Math.abs));
    for (const [i, slope] of slopes.entries()) {
      expect(Math.abs(gradient[i] - slope)).toBeLessThan(2e-3 * scale);
    }
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
  const [first, second] = answersOf(parametersOf(2, 0.3), SCALES);
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
