import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { customField } from '../../src/field/custom.js';
import { polynomial } from '../../src/grid/grid.js';
import { solvers } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import wgsl from './breaking.wgsl';

const field = customField({
  dim: 2,
  wgsl,
  denoise(x, sigma, out) {
    const mark = x[1] / sigma;
    const breaks = (mark > 0.5 && sigma < 5) || (mark < -0.5 && sigma < 0.5);
    out.set([breaks ? Number.NaN : 0, 0]);
  },
});

// Five break below 5, two more below 0.5, the other four never.
const marks = [1, 0, -1, 1, 1, 0, 1, -1, 0, 1, 0];
const x = Float64Array.from(marks.flatMap((mark) => [40, 80 * mark]));
// 80, 30.2, 9.7, 2.5, 0.47, 0.05, 0.002
const times = polynomial().times(6);

const EXECUTORS = ['stepwise', 'fused'] as const;

// ipndm-v-4's coefficients do not sum to one, so its x / sigma changes; rk4 and the like keep it up to rounding.
test.each(solvers)('$name: all executors name the first step and count the trajectories', async (solver) => {
  const plan = solver.plan(times);
  // A method that looks within the step meets the noise level one step earlier than one that does not.
  const message = /^NaN or infinity in 7 of 11 trajectories, first in step [34]$/;
  const refusal = expect.objectContaining({ code: 'not-finite', message: expect.stringMatching(message) });
  let inReference: unknown;
  try {
    solveReference(field, plan, { latents: x });
  } catch (error) {
    inReference = error;
  }
  expect(inReference).toEqual(refusal);
  for (const executor of EXECUTORS) {
    const onGpu = solve(gpu, field, plan, { latents: { values: x }, executor });
    await expect(onGpu, executor).rejects.toThrow((inReference as Error).message);
    // In chunks the first step is still the first of all.
    const chunked = solve(gpu, field, plan, { latents: { values: x }, chunk: 2, executor });
    await expect(chunked, executor).rejects.toThrow((inReference as Error).message);
  }
});

test('Euler breaks in the very step that asks below the level', async () => {
  const plan = solvers[0].plan(times);
  // The fourth step begins at 2.5.
  await expect(solve(gpu, field, plan, { latents: { values: x } })).rejects.toThrow('first in step 4');
});

test('a NaN in the last evaluation is found where nothing follows it', async () => {
  // Below 0.5 at the very end only: 80 and 1 pass.
  const plan = solvers.find(({ name }) => name === 'heun')!.plan([80, 6, 4], { options: { end: 'denoise' } });
  const message = 'NaN or infinity in 5 of 11 trajectories, first in step 2';
  expect(() => solveReference(field, plan, { latents: x })).toThrow(message);
  for (const executor of EXECUTORS) {
    await expect(solve(gpu, field, plan, { latents: { values: x }, executor }), executor).rejects.toThrow(
      message,
    );
  }
});

test('a run that is finite is not refused', async () => {
  const unmarked = x.map((value, i) => (i % 2 === 1 ? 0 : value));
  const { samples } = await solve(gpu, field, solvers[0].plan(times), { latents: { values: unmarked } });
  expect(samples.every(Number.isFinite)).toBe(true);
});
