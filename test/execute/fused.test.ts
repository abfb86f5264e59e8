import { beforeAll, describe, expect, test } from 'vitest';
import { fusedPlan } from '../../src/execute/fused-plan.js';
import { PreparedSolve } from '../../src/execute/prepared-solve.js';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import { empirical } from '../../src/field/empirical.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { canBroadcast } from '../../src/gpu/broadcast.js';
import { polynomial } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { initialParameters } from '../../src/mlp/parameters.js';
import type { TrajectoryPredictor } from '../../src/predictor/trajectory-predictor.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { nfeOf, type Plan, perTrajectory } from '../../src/solver/plan.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { planOfTable, tableOf } from '../../src/solver/table.js';
import { asHardware, asIntel, hasTeams, TEAM_DIMS } from '../as-hardware.js';
import { gpu } from '../device.js';
import twoGaussians from '../field/custom/two-gaussians.wgsl';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomPredictor } from '../predictor/fixtures.js';
import { freshSeed } from '../seed.js';
import { eulerSpec, nearEuler, randomTangent } from '../tangent/fixtures.js';
import { EPSILON, excess, roundingErrors } from './rounding.js';

const seed = freshSeed();
const SHAPES = ['shared', 'per-component', 'per-dimension'] as const;
const problems = [
  { dim: 1, batch: 131, components: 3, shape: SHAPES[seed % 3] },
  { dim: 2, batch: 65, components: 21, shape: SHAPES[(seed + 1) % 3] },
  { dim: 3, batch: 7, components: 8, shape: SHAPES[(seed + 2) % 3] },
  // Several components in one load of a subgroup, the last load not full.
  { dim: 9, batch: 33, components: 7, shape: SHAPES[seed % 3] },
  { dim: 22, batch: 5, components: 4, shape: SHAPES[(seed + 1) % 3] },
].map((problem, i) => ({
  ...problem,
  field: gaussianMixture(randomMixture(seed + i, problem.dim, problem.components, problem.shape)),
  x: latents(seed + i, problem.batch, problem.dim),
}));

// All at once: a kernel takes a software adapter a second or more. Few states at once, and more.
beforeAll(
  () =>
    Promise.all(
      problems.flatMap(({ field, x }) =>
        ['heun', 'ab-4'].map((name) =>
          solve(gpu, field, solverByName(name).plan(polynomial().times(5)), {
            latents: { values: x },
            executor: 'fused',
          }),
        ),
      ),
    ),
  120_000,
);

describe.each([false, true])('with AFS %s', (afs) => {
  test.each(solvers)('$name fused is the reference up to rounding', async (solver) => {
    const plan = solver.plan(polynomial().times(5), { afs });
    for (const { dim, field, x, shape } of problems) {
      const exact = solveReference(field, plan, { latents: x }).samples;
      const made = await solve(gpu, field, plan, { latents: { values: x }, executor: 'fused' });
      const errors = roundingErrors(field, plan, { latents: x }, exact, seed);
      // The disturbances are random, so twice the largest of four runs is the bound.
      expect(excess(made.samples, exact, errors, dim), `dim ${dim}, ${shape}`).toBeLessThan(2);
      expect(made.evaluations).toBe(nfeOf(plan));
      expect(made.executor).toBe('fused');
    }
  });
});

test.skipIf(!hasTeams)(
  'teams of lanes do as one invocation',
  async () => {
    for (const [i, dim] of TEAM_DIMS.entries()) {
      const batch = [37, 70, 5, 11][i];
      const shape = SHAPES[(seed + i) % 3];
      const field = gaussianMixture(randomMixture(seed + dim, dim, 5, shape));
      const x = latents(seed + dim, batch, dim);
      for (const name of dim === 70 ? ['heun', 'ipndm-3'] : ['heun']) {
        const plan = solverByName(name).plan(polynomial().times(4));
        const exact = solveReference(field, plan, { latents: x }).samples;
        const made = await solve(asHardware, field, plan, { latents: { values: x }, executor: 'fused' });
        const errors = roundingErrors(field, plan, { latents: x }, exact, seed);
        expect(excess(made.samples, exact, errors, dim), `${name}, dim ${dim}, ${shape}`).toBeLessThan(2);
      }
      if (dim !== 70) continue;
      const noisy = solverByName('ancestral').plan(polynomial().times(3));
      const request = { latents: { batch, seed: 5 } };
      const made = await solve(asHardware, field, noisy, { ...request, executor: 'fused' });
      const stepwise = await solve(gpu, field, noisy, { ...request, executor: 'stepwise' });
      const size = Math.max(...stepwise.samples.map(Math.abs));
      expect(Math.max(...made.samples.map((value, i) => Math.abs(value - stepwise.samples[i])))).toBeLessThan(
        1e-4 * size,
      );
    }
  },
  120_000,
);

test('a custom field, and constants of a table', async () => {
  const means = [
    [-1, 0.5],
    [0.75, -0.25],
  ];
  const { denoise } = gaussianMixture({ weights: [1, 3], means, stds: [0.2, 0.4] });
  const field = customField({ dim: 2, wgsl: twoGaussians, denoise });
  const x = latents(seed, 70, 2);
  const table = tableOf(solverByName('dpmpp-2m').plan(polynomial().times(4)));
  // No solver's own: the mean has a share in every state.
  const plan = planOfTable(
    { ...table, rows: table.rows.map(([first, , ...rest]) => [first, 0.1, ...rest]) },
    [0.3, -0.2],
  );
  const { samples } = await solve(gpu, field, plan, { latents: { values: x }, executor: 'fused' });
  const exact = solveReference(field, plan, { latents: x }).samples;
  const errors = roundingErrors(field, plan, { latents: x }, exact, seed, 40);
  expect(excess(samples, exact, errors, 2)).toBeLessThan(2);
});

test('what is wanted of a plan is what stepwise gives, points of evaluation and evaluations too', async () => {
  const { field, x, dim } = problems[1];
  const plan = solverByName('unipc-2').plan(polynomial().times(4));
  const keep = [...Array(plan.slots).keys()];
  const options = { latents: { values: x }, keep };
  const fused = await solve(gpu, field, plan, { ...options, executor: 'fused' });
  const stepwise = await solve(gpu, field, plan, { ...options, executor: 'stepwise' });
  expect(fused.evaluations).toBe(stepwise.evaluations);
  for (const slot of keep) {
    const given = stepwise.kept.get(slot)!;
    const size = Math.max(...given.map(Math.abs));
    const difference = Math.max(...fused.kept.get(slot)!.map((value, i) => Math.abs(value - given[i])));
    // Both round as often as roundingErrors assumes of one, and slopes of D at small sigma add to it.
    expect(difference, `slot ${slot}`).toBeLessThan(EPSILON * 80 * (8 + dim) * (1 + size));
  }
});

describe('which executor runs', () => {
  const plan = solverByName('euler').plan([80, 5, 0.1]);
  const { field, x } = problems[1];
  const options = { latents: { values: x } };

  /** Who runs a plan that `auto` chooses for, with so many evaluations that compiling does not count. */
  const chosen = async (of: Field, own: Plan, predictor?: TrajectoryPredictor) =>
    (await fusedPlan(gpu, of, own, 'auto', predictor)) ? 'fused' : 'stepwise';

  test('auto fuses two evaluations or more of a field that can be fused', async () => {
    expect(await chosen(field, plan)).toBe('fused');
    const one = solverByName('euler').plan([80, 0.1]);
    expect(await chosen(field, one)).toBe('stepwise');
    const { prepareFused: _, ...unfused }: Field = field;
    expect(await chosen(unfused, plan)).toBe('stepwise');
  });

  test('on software auto fuses from a million evaluations on, or what is to run again and again', async () => {
    const few = gpu.adapter.software ? 'stepwise' : 'fused';
    const ran = async (batch: number) =>
      (await solve(gpu, field, plan, { latents: { batch, seed } })).executor;
    expect(await ran(499_999)).toBe(few);
    expect(await ran(500_000)).toBe('fused');
    const prepared = await PreparedSolve.create(gpu, field, plan, { batch: 2 });
    expect(prepared.executor).toBe('fused');
    prepared.destroy();
  });

  test('auto fuses what evaluates at length on hardware alone, and predictors of fields in registers where lanes broadcast', async () => {
    const config = mlpConfig({ dim: 2, width: 32, layers: 2 });
    const network = mlpField({ config, parameters: initialParameters(config, seed) });
    const data = empirical(latents(seed, 2 ** 15, 2, 1), 2);
    const scales = { scaleDirection: 0, scaleTime: 0, reads: 'times' as const };
    const predictor = randomPredictor(amedSolvers[0], network, scales, { seed, steps: 2, afs: false });
    const long = gpu.adapter.software ? 'stepwise' : 'fused';
    for (const own of [network, data]) expect(await chosen(own, plan)).toBe(long);
    expect(await chosen(network, predictor.predicted.plan, predictor)).toBe(long);
    const inRegisters = gpu.adapter.software && !canBroadcast(gpu) ? 'stepwise' : 'fused';
    expect(await chosen(data, predictor.predicted.plan, predictor)).toBe(inRegisters);
    expect(await chosen(field, predictor.predicted.plan, predictor)).toBe(inRegisters);
    const spec = eulerSpec(nearEuler(2, seed, 0.1));
    const moving = randomTangent(spec, 2, seed);
    expect(await chosen(network, spec.family.plan, moving)).toBe(long);
    expect(await chosen(field, spec.family.plan, moving)).toBe(inRegisters);
  });

  // On this file's device as if it were hardware: nothing is compiled.
  test.skipIf(!canBroadcast(gpu))('on hardware auto fuses the states that registers hold', async () => {
    const fused = (own: Field, given: Plan, on = asHardware) => fusedPlan(on, own, given, 'auto');
    /** Each row of it takes all evaluations before. */
    const dense = (nfe: number) => {
      const table = tableOf(solverByName('euler').plan(polynomial().times(nfe)));
      const rows = table.rows.map(([first, mean, ...rest]) => [
        first,
        mean,
        ...rest.map((value) => value + 0.01),
      ]);
      return planOfTable({ ...table, rows });
    };
    for (const dim of [64, 128]) {
      const wide = gaussianMixture(randomMixture(seed, dim, 2, 'shared'));
      expect((await fused(wide, dense(11)))!.variant.places).toBe(12);
      expect(await fused(wide, dense(12))).toBeUndefined();
      expect(await fused(wide, dense(2), asIntel)).toBeUndefined();
    }
    expect((await fused(field, dense(20)))!.variant.places).toBe(24);
    expect((await fused(field, dense(11), asIntel))!.variant.places).toBe(12);
    expect(await fused(field, dense(20), asIntel)).toBeUndefined();
    // Teams are for mixtures alone.
    const custom = (dim: number) => customField({ dim, wgsl: twoGaussians });
    expect(await fused(custom(34), plan)).toBeDefined();
    expect(await fused(custom(35), plan)).toBeUndefined();
  });

  test('auto fuses states above 128 numbers but on lavapipe', async () => {
    const wide = gaussianMixture(randomMixture(seed, 129, 2, 'shared'));
    expect(await chosen(wide, plan)).toBe(canBroadcast(gpu) ? 'stepwise' : 'fused');
  });

  test('fused is refused where it is not possible', async () => {
    const { prepareFused: _, ...unfused }: Field = field;
    await expect(solve(gpu, unfused, plan, { ...options, executor: 'fused' })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('has no fused form'),
    });
    // A turn has one column for a slot. `auto` leaves such a plan stepwise.
    const b = new PlanBuilder([8, 2, 1]);
    const d = b.velocity(b.start, 8);
    const reached = b.reach(b.combine([perTrajectory(0), b.start], [perTrajectory(1), b.start], [-6, d]));
    b.reach(b.euler(reached, b.velocity(reached, 2), -1));
    const both = b.finish('two columns of one slot');
    const given = { ...options, columns: new Float32Array((2 * x.length) / field.dim).fill(0.5) };
    expect((await solve(gpu, field, both, given)).executor).toBe('stepwise');
    await expect(solve(gpu, field, both, { ...given, executor: 'fused' })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('coefficients of two columns'),
    });
  });
});
