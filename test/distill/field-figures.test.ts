import { expect, test } from 'vitest';
import { fieldFigures, mixtureFigures } from '../../src/distill/bespoke/field-figures.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

test.each(['shared', 'per-component', 'per-dimension'] as const)(
  `a mixture's mean and spread are those of many draws, stds %s`,
  (shape) => {
    const spec = randomMixture(seed, 3, 4, shape);
    const { mean, std } = mixtureFigures(spec);
    const draws = sampleMixture(spec, 40_000, seed);
    const average = (of: (value: number, d: number) => number) =>
      draws.reduce((sum, value, i) => sum + of(value, i % 3), 0) / draws.length;
    // Four standard errors of numbers whose spread is below 1.
    for (let d = 0; d < 3; d++) {
      expect(Math.abs(mean[d] - 3 * average((value, e) => (e === d ? value : 0)))).toBeLessThan(0.02);
    }
    expect(Math.abs(std / Math.sqrt(average((value, d) => (value - mean[d]) ** 2)) - 1)).toBeLessThan(0.02);
  },
);

test('of another field they are measured, and the cost is told', async () => {
  const spec = randomMixture(seed, 2, 4, 'shared');
  const known = mixtureFigures(spec);
  const { mixture: _, ...secret } = gaussianMixture(spec);
  const { data, search } = await fieldFigures(gpu, secret);
  expect(search).toMatchObject({ evaluations: 32, trajectories: 320 });
  expect(Math.abs(data.std / known.std - 1)).toBeLessThan(0.15);
  for (const [d, value] of data.mean.entries()) {
    expect(Math.abs(value - known.mean[d])).toBeLessThan(0.25 * known.std);
  }
  await expectRefusal(() => fieldFigures(undefined, secret), 'bad-field', /are measured on a GPU/, /distil/);
});
