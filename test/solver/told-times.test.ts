import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { solvers } from '../../src/solver/registry.js';
import { withToldTimes } from '../../src/solver/told-times.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));

test.each(solvers)('$name: the field hears the told times, and all else stays', (solver) => {
  const source = random(seed, 1);
  const plain = solver.plan(polynomial().times(3));
  const times = plain.operations.flatMap((operation) =>
    operation.kind === 'evaluate' ? [operation.time as number] : [],
  );
  const scales = times.map(() => source.between(0.5, 1.5));
  const told = withToldTimes(plain, scales);
  const heard: number[] = [];
  const listening: Field = {
    ...field,
    denoise(x, sigma, out) {
      heard.push(sigma);
      field.denoise!(x, sigma, out);
    },
  };
  const x = latents(seed, 1, 2);
  const run = solveReference(listening, told, { latents: x });
  expect(heard).toEqual(times.map((time, k) => time * scales[k]));
  // A field that is told the scaled times, and undoes that, is the one before.
  let call = 0;
  const undoing: Field = {
    ...field,
    denoise: (state, sigma, out) => field.denoise!(state, sigma / scales[call++], out),
  };
  const undone = solveReference(undoing, told, { latents: x });
  const before = solveReference(field, plain, { latents: x });
  for (const d of [0, 1]) {
    expect(undone.samples[d]).toBeCloseTo(before.samples[d], 9);
    expect(Math.abs(run.samples[d] - before.samples[d])).toBeGreaterThan(1e-9);
  }
});

test('scales that are not one above 0 for each evaluation are refused', async () => {
  const plan = solvers[0].plan(polynomial().times(3));
  for (const scales of [[], [1, 1], [1, 1, 1, 1]]) {
    await expectRefusal(() => withToldTimes(plan, scales), 'bad-shape', `${scales.length} scales`);
  }
  for (const scale of [0, -1, Number.NaN, Infinity]) {
    await expectRefusal(() => withToldTimes(plan, [1, scale, 1]), 'bad-argument', `is ${scale}`);
  }
});
