import { expect, test } from 'vitest';
import { mlpShape, multiplyAdds } from '../../bench/mlp/shape.js';
import { distillationCases, measureDistillation } from '../../bench/training/distillation-rows.js';
import { measureIteration } from '../../bench/training/iteration-rows.js';
import { measureTraining } from '../../bench/training/step-rows.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';

test(
  'training steps are timed, with their rates from their median',
  async () => {
    const shape = { dim: 2, width: 32, batch: 16 };
    const row = await measureTraining(gpu, shape, { repeats: 3, repeatMs: 1 });
    expect(row).toMatchObject({ network: '2-32-32-32-2', batch: 16, repeats: 3 });
    expect(row.encodeMs[0]).toBeGreaterThan(0);
    expect(row.encodeMs[1]).toBeLessThanOrEqual(row.ms[1]);
    expect(row.stepsPerSecond * row.ms[1]).toBeCloseTo(1000, 6);
    expect(row.samplesPerSecond).toBeCloseTo(16 * row.stepsPerSecond, 6);
    // Forward, backward and the weights' gradient, an addition and a multiplication each.
    const each = 6 * multiplyAdds(mlpShape(32, 16, 2).config, 'each');
    expect(row.flops / row.samplesPerSecond).toBeCloseTo(each, 6);
  },
  SLOW,
);

test('iterations of both executors are timed, with the evaluations that each makes', async () => {
  const field = gaussianMixture({
    weights: [1, 1],
    means: [
      [-1, 0],
      [1, 0],
    ],
    stds: [0.2, 0.2],
  });
  const measured = (executor: 'stepwise' | 'fused') =>
    measureIteration(gpu, field, { name: 'two', nfe: 3, executor }, 2);
  const [stepwise, fused] = [await measured('stepwise'), await measured('fused')];
  expect(stepwise).toMatchObject({ field: 'two', dim: 2, nfe: 3, executor: 'stepwise', repeats: 2 });
  // Fused, every solve asks at every step: those of each parameter, and that of none; both ends of the times are among them.
  expect(fused.evaluations % (3 * fused.batch)).toBe(0);
  expect(fused.evaluations / (3 * fused.batch)).toBeGreaterThanOrEqual(fused.parameters);
  expect(stepwise.evaluations).toBeLessThan(0.7 * fused.evaluations);
  for (const { ms } of [stepwise, fused]) {
    expect(ms[0]).toBeGreaterThan(0);
    expect(ms[1]).toBeLessThanOrEqual(ms[2]);
  }
});

test.each(distillationCases(true))(
  'a distillation is timed in all and in parts: $name',
  async (given) => {
    const few = { iterations: 2, trajectories: 256, validation: 64, teacher: { nfe: 12 } };
    const one = { candidates: 1, formulas: ['ipndm-2'], starts: ['none'] } as const;
    const own = given.solver === 'bespoke' ? one : {};
    const row = await measureDistillation(gpu, 'ring', 5, { ...given, ...few, ...own }, 2);
    expect(row).toMatchObject({ student: given.name, field: 'ring', dim: 2, nfe: 5, trajectories: 256 });
    expect(row).toMatchObject({ validation: 64, iterations: 2, repeats: 2 });
    expect(row.teacher).toEqual({ solver: 'unipc-3', nfe: 12, evaluations: 12 * (256 + 64) });
    const { teacher, search, training } = row.parts;
    for (const part of [teacher, search, training]) expect(part).toBeGreaterThan(0);
    expect(row.seconds[0]).toBeLessThanOrEqual(row.seconds[2]);
    expect(teacher).toBeLessThan(row.seconds[2]);
    expect(row.errors.distilled).toBeLessThanOrEqual(row.errors.untrained);
  },
  120_000,
);
