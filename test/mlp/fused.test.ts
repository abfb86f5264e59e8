import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { solve } from '../../src/execute/solve.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { perTrajectory } from '../../src/solver/plan.js';
import { sdeSolvers, solvers } from '../../src/solver/registry.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';
import { randomParameters, relativeError } from './fixtures.js';

const seed = freshSeed();
const BATCH = 37; // no multiple of a tile
const fields = [
  { what: 'a plain network', options: { dim: 3, width: 32, layers: 2 }, given: {} },
  {
    what: 'a guided residual network, wider at its ends than within',
    options: { dim: 38, width: 32, layers: 3, residual: true, classes: 2 },
    given: { label: 1, guidance: 2.5 },
  },
  {
    what: 'a guided network with labels in turn',
    options: { dim: 4, width: 32, layers: 2, classes: 3 },
    given: { label: [2, 0, 1, 1], guidance: 1.5 },
  },
].map(({ what, options, given }, i) => {
  const draw = random(seed, i);
  const config = mlpConfig(options);
  const x = Float32Array.from({ length: BATCH * config.dim }, () => 10 * draw.normal());
  return { what, x, field: mlpField({ config, parameters: randomParameters(config, draw) }, given) };
});

test.each(fields)(
  '$what, fused, is sampled as float64 does, by every solver',
  async ({ field, x }) => {
    for (const solver of [...solvers, ...sdeSolvers]) {
      const plan = solver.plan([10, 3, 0.7, 0.1, 0.01]);
      const options = { latents: { values: x }, keep: [0, plan.states[2]], seed };
      const fused = await solve(gpu, field, plan, { ...options, executor: 'fused' });
      const exact = solveReference(field, plan, { latents: x, keep: options.keep, seed });
      expect(relativeError(fused.samples, exact.samples), solver.name).toBeLessThan(1e-4);
      const kept = plan.states[2];
      expect(relativeError(fused.kept.get(kept)!, exact.kept.get(kept)!), solver.name).toBeLessThan(1e-4);
      expect(fused.kept.get(0)).toEqual(x);
      const stepwise = await solve(gpu, field, plan, { ...options, executor: 'stepwise' });
      expect(relativeError(fused.samples, stepwise.samples), solver.name).toBeLessThan(1e-4);
      expect(fused.evaluations).toBe(stepwise.evaluations);
      expect([fused.executor, stepwise.executor]).toEqual(['fused', 'stepwise']);
      const chunked = await solve(gpu, field, plan, { ...options, executor: 'fused', chunk: 20 });
      expect(chunked.samples, solver.name).toEqual(fused.samples);
    }
  },
  240_000,
);

test.each(fields)('$what, fused, takes times per trajectory', async ({ field, x }) => {
  const b = new PlanBuilder([8, 1]);
  const inner = perTrajectory(0);
  const middle = b.eulerAt(b.start, b.velocity(b.start, 8), { start: 8, at: inner });
  b.reach(b.combine([1, b.start], [perTrajectory(1, -7), b.velocity(middle, perTrajectory(0, 0.9), inner)]));
  const plan = b.finish('amed by hand');
  const draw = random(seed, 7);
  const columns = Float32Array.from({ length: 2 * BATCH }, (_, i) =>
    i < BATCH ? draw.between(2, 5) : draw.between(0.9, 1.1),
  );
  const { samples } = solveReference(field, plan, { latents: x, columns });
  const options = { latents: { values: x }, columns, executor: 'fused' } as const;
  expect(relativeError((await solve(gpu, field, plan, options)).samples, samples)).toBeLessThan(1e-4);
});

test('what is not finite is found, with its step and the trajectories counted once each', async () => {
  const { field } = fields[0];
  const b = new PlanBuilder([8, 2, 1]);
  const first = b.reach(b.combine([1, b.start], [-6, b.velocity(b.start, 8)]));
  // Far beyond float32 for those whose column says so.
  const factor = perTrajectory(0);
  b.reach(b.combine([1, first], [factor, first], [factor, b.velocity(first, 2)]));
  const columns = Float32Array.from({ length: BATCH }, (_, i) => (i % 5 === 3 ? 3e38 : -0.5));
  const breaking = Float32Array.from({ length: BATCH * 3 }, (_, i) => 20 + (i % 7));
  const run = solve(gpu, field, b.finish('breaking'), {
    latents: { values: breaking },
    columns,
    executor: 'fused',
  });
  await expect(run).rejects.toThrow('NaN or infinity in 7 of 37 trajectories, first in step 2');
});
