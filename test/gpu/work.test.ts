import { expect, test } from 'vitest';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { adjointOnGpu, columnsOf, randomAnswers } from '../execute/adjoint-fixtures.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));

test.each(['stepwise', 'fused'] as const)(
  'a device counts the evaluations of what runs %s',
  async (executor) => {
    const before = { ...gpu.work };
    const plan = planFor({ solver: 'heun', nfe: 6 });
    await solve(gpu, field, plan, { latents: { batch: 37, seed }, executor, chunk: 20 });
    expect(gpu.work).toEqual({ ...before, evaluations: before.evaluations + 6 * 37 });
  },
);

test('and products with the Jacobian', async () => {
  const before = { ...gpu.work };
  const family = amedFamily(amedSolvers[0], polynomial().times(3), { afs: false });
  const bar = latents(seed + 1, 5, 2, 1);
  await adjointOnGpu(field, family, latents(seed, 5, 2), columnsOf(family, 5, randomAnswers), bar);
  expect(gpu.work).toEqual({ evaluations: before.evaluations + 6 * 5, products: before.products + 6 * 5 });
});
