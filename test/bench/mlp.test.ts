import { expect, test } from 'vitest';
import { measureSubject } from '../../bench/mlp/measure.js';
import { mlpSubjects, prepareForward } from '../../bench/mlp/passes.js';
import { mlpShape, multiplyAdds } from '../../bench/mlp/shape.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import { precisionsOf } from '../../src/mlp/precision.js';
import { MlpReference } from '../../src/mlp/reference.js';
import { gpu } from '../device.js';
import { relativeError, SLOW } from '../mlp/fixtures.js';

const BATCH = 16;
const shape = mlpShape(32, BATCH);

test('multiply-adds are the numbers of the matrices', () => {
  const { layers } = parameterLayout(shape.config);
  const size = (part: 'weight' | 'time') =>
    layers.reduce((sum, layer) => sum + layer[part].rows * layer[part].columns, 0);
  expect(multiplyAdds(shape.config, 'one')).toBe(size('weight'));
  expect(multiplyAdds(shape.config, 'each')).toBe(size('weight') + size('time'));
});

test('what is timed as a forward pass is the network', async () => {
  const { config, parameters, x, sigma } = shape;
  const forward = await prepareForward(gpu, shape, 'f32');
  await forward.run(2);
  const reference = new MlpReference(config, parameters);
  const expected = Array.from({ length: BATCH }, (_, row) => {
    const state = Float64Array.from(x.subarray(row * config.dim, (row + 1) * config.dim));
    return [...reference.forward(state, sigma).denoised];
  });
  expect(relativeError(await forward.denoised(), expected.flat())).toBeLessThan(1e-4);
  forward.destroy();
});

test(
  'every pass is timed, with its rate from its median',
  async () => {
    const options = { width: 32, batch: BATCH, repeats: 2, repeatMs: 0 };
    const subjects = mlpSubjects(gpu, shape);
    // The forward pass is timed in each precision.
    expect(subjects.length).toBe(4 + precisionsOf(gpu).length);
    for (const subject of subjects) {
      const row = await measureSubject(subject, options);
      const [least, middle, most] = row.ms;
      expect(row).toMatchObject({ name: subject.name, width: 32, batch: BATCH, repeats: 2, count: 1 });
      expect(least).toBeGreaterThan(0);
      expect(middle).toBeGreaterThanOrEqual(least);
      expect(most).toBeGreaterThanOrEqual(middle);
      expect(row.evaluationsPerSecond * middle).toBeCloseTo(1000 * BATCH, 5);
      expect(row.flops).toBeCloseTo(2 * subject.multiplyAdds * row.evaluationsPerSecond, 0);
    }
  },
  SLOW,
);
