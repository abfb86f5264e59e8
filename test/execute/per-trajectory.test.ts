import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { type Plan, perTrajectory } from '../../src/solver/plan.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

/** One AMED step from 8 to 1: column 0 is the inner time, 1 scales the direction, 2 scales the time told. */
function amedStep(): Plan {
  const b = new PlanBuilder([8, 1]);
  const inner = perTrajectory(0);
  const middle = b.eulerAt(b.start, b.velocity(b.start, 8), { start: 8, at: inner });
  // The field is told a time of its own, the division keeps the inner time.
  const direction = b.velocity(middle, perTrajectory(2), inner);
  b.reach(b.combine([1, b.start], [perTrajectory(1, -7), direction]));
  return b.finish('amed by hand');
}

/** The same with an update that starts and is scaled per trajectory. */
function pluginStep(): Plan {
  const b = new PlanBuilder([8, 1]);
  const inner = perTrajectory(0, 1.5, -0.5);
  const middle = b.eulerAt(b.start, b.velocity(b.start, 8), { start: 8, at: inner });
  const direction = b.velocity(middle, inner);
  b.reach(b.eulerAt(middle, direction, { start: inner, at: 1, scale: perTrajectory(1) }));
  return b.finish('plugin by hand');
}

const columnsFor = (batch: number) => {
  const source = random(seed);
  const column = (low: number, high: number) =>
    Array.from({ length: batch }, () => Math.fround(source.between(low, high)));
  return [...column(2, 5), ...column(0.9, 1.1), ...column(2, 5)];
};

test.each([
  ['amed', amedStep(), 'stepwise'],
  ['plugin', pluginStep(), 'stepwise'],
  ['amed', amedStep(), 'fused'],
  ['plugin', pluginStep(), 'fused'],
] as const)(
  '%s: times and coefficients per trajectory match the reference',
  async (_, plan, executor) => {
    for (const [dim, batch] of [
      [1, 9],
      [2, 2],
      [3, 65],
      [5, 33],
      [64, 3],
    ]) {
      const field = gaussianMixture(randomMixture(seed, dim, 3, 'per-component'));
      const x = latents(seed, batch, dim, 8);
      const columns = columnsFor(batch).slice(0, plan.columns * batch);
      const expected = solveReference(field, plan, { latents: x, columns }).samples;
      const { samples } = await solve(gpu, field, plan, { latents: { values: x }, columns, executor });
      for (const [i, value] of expected.entries()) {
        // Numbers up to 40, some ten roundings of each, and D's own of `dim` sums with slopes below
        // |mean|^2 / sigma^2 = dim / 4.
        const rounding = 2 ** -24 * 40 * (10 + dim);
        expect(Math.abs(samples[i] - value), `${executor}, dim ${dim}, number ${i}`).toBeLessThan(rounding);
      }
    }
  },
  120_000,
);

test('two trajectories of one state part ways with their columns, in chunks as well', async () => {
  const field = gaussianMixture(randomMixture(seed, 3, 3, 'shared'));
  const [first] = [latents(seed, 1, 3, 8)];
  const x = Float64Array.from([...first, ...first, ...first]);
  const columns = [2, 4, 2, 1, 1, 1, 2, 4, 2];
  const plan = amedStep();
  const { samples } = await solve(gpu, field, plan, { latents: { values: x }, columns });
  const chunked = await solve(gpu, field, plan, { latents: { values: x }, columns, chunk: 1 });
  expect([...samples.subarray(0, 3)]).not.toEqual([...samples.subarray(3, 6)]);
  expect([...samples.subarray(0, 3)]).toEqual([...samples.subarray(6, 9)]);
  expect(chunked.samples).toEqual(samples);
  const expected = solveReference(field, plan, { latents: x, columns }).samples;
  expect(Math.abs(expected[0] - expected[3])).toBeGreaterThan(1e-3);
});
