import { expect } from 'vitest';
import type { TeacherPool } from '../../src/distill/pool.js';
import { WholeTrajectory } from '../../src/distill/whole-trajectory.js';
import { solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import type { Plan } from '../../src/solver/plan.js';
import { planFamily } from '../../src/solver/plan-family.js';
import { gpu } from '../device.js';
import { latents } from '../field/fixtures.js';

/**
 * Expects the loss of a batch, its mean error, and the loss's gradient to what is learned, on the GPU, to be those in
 * float64, the gradient as a central difference.
 * @param field of two dimensions
 * @param probes two sets of parameters that have nothing in common
 */
export async function expectLossGradient(
  field: Field,
  planOf: (parameters: Float64Array) => Plan,
  {
    parameters,
    probes,
    seed,
  }: { parameters: Float64Array; probes: [Float64Array, Float64Array]; seed: number },
): Promise<void> {
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
  const trajectory = await WholeTrajectory.create(gpu, field, planFamily(planOf, probes), pool, options);
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
}
