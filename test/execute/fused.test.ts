import { beforeAll, describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/stepwise.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { nfeOf } from '../../src/solver/plan.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { freshSeed, latents, randomMixture } from '../field/fixtures.js';
import { excess, roundingErrors } from './rounding.js';

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
  test.each(solvers)(`$name fused is the reference up to rounding (seed ${seed})`, async (solver) => {
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
