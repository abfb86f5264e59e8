import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import type { FeatureSource } from '../../src/predictor/network-config.js';
import { random } from '../../src/rng/random.js';
import { type AmedSolver, amedSolvers } from '../../src/solver/amed.js';
import { nfeOf } from '../../src/solver/plan.js';
import { asHardware, hasTeams } from '../as-hardware.js';
import { gpu } from '../device.js';
import { excess, roundingErrors } from '../execute/rounding.js';
import twoGaussians from '../field/custom/two-gaussians.wgsl';
import { latents, randomMixture } from '../field/fixtures.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { expectRefused } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { randomPredictor } from './fixtures.js';

const seed = freshSeed();
const BATCH = 67;
/** Coefficients of high order are differences of larger numbers: they are right to 1e-5, and x moves by as much. */
const ROUNDINGS = 200;
const mixture = gaussianMixture(randomMixture(seed, 3, 4, 'per-component'));
const flat = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));
// More numbers than g_phi reads one by one.
const wide = gaussianMixture(randomMixture(seed, 64, 4, 'per-component'));
const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3 });
const network = mlpField({ config, parameters: randomParameters(config, random(seed, 5)) }, { label: 'all' });
// Of which lanes of a subgroup share a trajectory.
const shared70 = gaussianMixture(randomMixture(seed, 70, 4, 'per-component'));
// So wide that a workgroup takes four trajectories: few components, and a tile and more of them.
const few129 = gaussianMixture(randomMixture(seed, 129, 3, 'per-component'));
const tiled132 = gaussianMixture(randomMixture(seed, 132, 70, 'shared'));

const means = [
  [-1, 0.5],
  [0.75, -0.25],
];
const { denoise } = gaussianMixture({ weights: [1, 3], means, stds: [0.2, 0.4] });
const custom = customField({ dim: 2, wgsl: twoGaussians, denoise });
// So wide that invocations share g_phi of a trajectory.
const sharing = mlpConfig({ dim: 5, width: 128, layers: 2 });
const wideNetwork = mlpField({ config: sharing, parameters: randomParameters(sharing, random(seed, 6)) });

interface Case {
  name: string;
  field: Field;
  reads: FeatureSource;
  solvers: readonly AmedSolver[];
  /**
   * Default: without an analytical first step, and with it. With it alone where compiling is long: its later steps
   * do what all do without.
   */
  afs?: readonly boolean[];
  /** Default: this file's device. */
  on?: Gpu;
}

/**
 * What solvers do with the answers does not depend on where these come from, and each has a fused kernel of its own: lavapipe
 * takes 2 s to compile one of a mixture in 2-D, 11 to 15 of a network. So where that is long one solver does.
 */
const few = [amedSolvers[0], amedSolvers[3]];
const [amedAlone, ipndmAlone] = few.map((solver) => ({ solvers: [solver], afs: [true] }));
const cases: Case[] = [
  {
    name: 'a network with labels in turn by its hidden features',
    field: network,
    reads: 'hidden',
    ...amedAlone,
  },
  { name: 'a mixture by its states', field: flat, reads: 'state', solvers: amedSolvers },
  { name: 'a mixture of 64 numbers by its states', field: wide, reads: 'state', ...ipndmAlone },
  { name: 'a mixture of 129 numbers by its states', field: few129, reads: 'state', ...amedAlone },
  {
    name: '70 components of 132 numbers by their states',
    field: tiled132,
    reads: 'state',
    ...ipndmAlone,
  },
  { name: 'a mixture by the times', field: mixture, reads: 'times', solvers: few },
  { name: 'a field of one’s own by its states', field: custom, reads: 'state', solvers: few },
  { name: 'a wide network by its states', field: wideNetwork, reads: 'state', ...amedAlone },
  { name: 'a wide network by its hidden features', field: wideNetwork, reads: 'hidden', ...ipndmAlone },
  ...(hasTeams
    ? [
        {
          name: 'teams of lanes by states',
          field: shared70,
          reads: 'state' as const,
          ...amedAlone,
          on: asHardware,
        },
      ]
    : []),
];

describe.each(cases)('$name', ({ field, reads, solvers, afs: firsts = [false, true], on = gpu }) => {
  test.each(solvers)(
    '$name is the reference',
    async (solver) => {
      for (const afs of firsts) {
        const scales = { scaleDirection: 0.1, scaleTime: 0.2, reads };
        const predictor = randomPredictor(solver, field, scales, { seed, steps: 3, afs });
        const { plan } = predictor.predicted;
        const x = latents(seed, BATCH, field.dim, 20);
        const exact = solveReference(field, plan, { latents: x, predictor });
        expect(exact.evaluations).toBe(nfeOf(plan));
        const options = { latents: x, predictor };
        const errors = roundingErrors(field, plan, options, exact.samples, seed, ROUNDINGS);
        const given = { latents: { values: x }, predictor };
        for (const executor of ['stepwise', 'fused'] as const) {
          const solution = await solve(on, field, plan, { ...given, executor });
          expect(solution.evaluations).toBe(nfeOf(plan));
          expect(solution.executor).toBe(executor);
          const worst = excess(solution.samples, exact.samples, errors, field.dim);
          expect(worst, `AFS ${afs}, ${executor}`).toBeLessThan(2);
          // In chunks the same to the last bit.
          const chunked = await solve(on, field, plan, { ...given, executor, chunk: 9 });
          expect(chunked.samples).toEqual(solution.samples);
          expect(chunked.answers).toEqual(solution.answers);
        }
      }
    },
    SLOW,
  );
});

test.each(cases)(
  '$name has an r for each trajectory as far as it reads of them',
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
