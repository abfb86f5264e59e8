import { beforeAll, describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { preparedField } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { nfeOf } from '../../src/solver/plan.js';
import { solvers } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { EPSILON, excess, roundingErrors } from './rounding.js';

const seed = freshSeed();
const SHAPES = ['shared', 'per-component', 'per-dimension'] as const;
const problems = [
  { dim: 1, batch: 131, shape: SHAPES[seed % 3] },
  { dim: 2, batch: 65, shape: SHAPES[(seed + 1) % 3] },
  { dim: 3, batch: 7, shape: SHAPES[(seed + 2) % 3] },
  { dim: 5, batch: 33, shape: SHAPES[seed % 3] },
  { dim: 64, batch: 5, shape: SHAPES[(seed + 1) % 3] },
].map((problem, i) => ({
  ...problem,
  field: gaussianMixture(randomMixture(seed + i, problem.dim, 4, problem.shape)),
  x: latents(seed + i, problem.batch, problem.dim),
}));

// All at once: a kernel takes a software adapter a second or more.
beforeAll(() => Promise.all(problems.map(({ field }) => preparedField(gpu, field))));

describe.each([false, true])('with AFS %s', (afs) => {
  test.each(solvers)('$name on the GPU is the reference up to rounding', async (solver) => {
    const plan = solver.plan(polynomial().times(5), { afs });
    for (const { dim, field, x, shape } of problems) {
      const exact = solveReference(field, plan, { latents: x }).samples;
      const { samples, evaluations } = await solve(gpu, field, plan, {
        latents: { values: x },
        executor: 'stepwise',
      });
      const errors = roundingErrors(field, plan, { latents: x }, exact, seed);
      // The disturbances are random, so twice the largest of four runs is the bound.
      expect(excess(samples, exact, errors, dim), `dim ${dim}, ${shape}`).toBeLessThan(2);
      expect(evaluations).toBe(nfeOf(plan));
    }
  });
});

test('options reach the GPU', async () => {
  const { field, x, dim } = problems[1];
  for (const [name, options] of [
    ['heun', { end: 'denoise' }],
    ['dpm-solver-2', { r: 1 }],
    ['dpmpp-3m', { d2: 'exact', lower_order_final: false }],
    ['unipc-3', { variant: 'bh1' }],
  ] as const) {
    const plan = solvers.find((solver) => solver.name === name)!.plan(polynomial().times(6), { options });
    const exact = solveReference(field, plan, { latents: x }).samples;
    const { samples } = await solve(gpu, field, plan, { latents: { values: x }, executor: 'stepwise' });
    expect(
      excess(samples, exact, roundingErrors(field, plan, { latents: x }, exact, seed), dim),
      plan.solver,
    ).toBeLessThan(2);
  }
});

test('every state of the grid can be kept', async () => {
  const { field, x, dim } = problems[2];
  const plan = solvers.find((solver) => solver.name === 'ipndm-3')!.plan(polynomial().times(6));
  const { kept, samples } = await solve(gpu, field, plan, {
    latents: { values: x },
    keep: plan.states,
    executor: 'stepwise',
  });
  const reference = solveReference(field, plan, { latents: x, keep: plan.states });
  for (const [i, slot] of plan.states.entries()) {
    const difference = Math.max(
      ...kept.get(slot)!.map((value, j) => Math.abs(value - reference.kept.get(slot)![j])),
    );
    // The path shrinks with sigma, and so does the rounding of what was added to it.
    expect(difference).toBeLessThan(EPSILON * 40 * (8 + dim) * (1 + 4 * plan.times[i]));
  }
  expect([...kept.get(plan.states[6])!]).toEqual([...samples]);
  expect([...kept.get(0)!]).toEqual([...x]);
});
