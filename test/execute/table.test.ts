import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { nfeOf, type Plan } from '../../src/solver/plan.js';
import { planOfTable, tableOf } from '../../src/solver/table.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { everyPlan } from '../solver/table-fixtures.js';
import { excess, roundingErrors } from './rounding.js';

const seed = freshSeed();
const DIM = 3;
const field = gaussianMixture(randomMixture(seed, DIM, 4, 'per-component'));

test.each(everyPlan(seed, 4))('$name: its table on the GPU is the plan', async ({ plan }) => {
  const table = tableOf(plan);
  const again = planOfTable(table);
  const x = latents(seed, 33, DIM, plan.times[0]);
  const exact = solveReference(field, plan, { latents: x }).samples;
  const { samples, evaluations } = await solve(gpu, field, again, { latents: { values: x } });
  // A row adds up evaluations of the data's size, each times its coefficient.
  const sizes = table.rows.map((row) => row.slice(1).reduce((sum, value) => sum + Math.abs(value), 0));
  const roundings = 8 + DIM + 2 * Math.max(...sizes);
  const errors = roundingErrors(field, plan, { latents: x }, exact, seed, roundings);
  expect(excess(samples, exact, errors, DIM)).toBeLessThan(2);
  expect(evaluations).toBe(nfeOf(plan));
});

/** From 8 to 1 by way of two constants, one of them kept as a state. */
function byConstants(dim: number): Plan {
  const source = random(seed, dim);
  const vector = () => Array.from({ length: dim }, () => source.between(-2, 2));
  const b = new PlanBuilder([8, 3, 1]);
  const [first, second] = [b.constant(vector()), b.constant(vector())];
  const d = b.denoised(b.combine([0.5, b.start], [0.25, first]), 4);
  b.reach(b.combine([0.125, b.start], [0.5, d], [-0.75, second], [0.25, first]));
  b.reach(b.combine([1, b.denoised(first, 2)], [0.5, second]));
  return b.finish('by constants');
}

test.each([
  [1, 9],
  [2, 67],
  [3, 65],
  [5, 33],
  [7, 1],
  [64, 5],
])('constants of %i numbers are the same for %i trajectories', async (dim, batch) => {
  const mixture = gaussianMixture(randomMixture(seed, dim, 3, 'shared'));
  const plan = byConstants(dim);
  const x = latents(seed, batch, dim, 8);
  const keep = [...plan.states, 1, 2];
  const exact = solveReference(mixture, plan, { latents: x, keep });
  const { kept } = await solve(gpu, mixture, plan, { latents: { values: x }, keep });
  const split = await solve(gpu, mixture, plan, { latents: { values: x }, keep, chunk: 4 });
  expect(split.kept).toEqual(kept);
  for (const slot of [1, 2]) {
    expect([...kept.get(slot)!]).toEqual([...exact.kept.get(slot)!].map(Math.fround));
  }
  for (const slot of plan.states) {
    for (const [i, value] of exact.kept.get(slot)!.entries()) {
      // Numbers up to 10, some ten roundings of each, and D's own of `dim` sums.
      const rounding = 2 ** -24 * 10 * (10 + dim);
      expect(Math.abs(kept.get(slot)![i] - value)).toBeLessThan(rounding);
    }
  }
});

test('constants of another dimension are refused on the GPU as well', async () => {
  const plan = byConstants(DIM + 1);
  const run = () => solve(gpu, field, plan, { latents: { batch: 2, seed: 1 } });
  await expectRefusal(run, 'bad-shape', /constant of 4 numbers; the field's states have 3/);
});
