import { expect, test } from 'vitest';
import { contextOf } from '../../../bench/learned/context.js';
import { directionsOf, epdRows, evenParameters } from '../../../bench/learned/epd.js';
import { answersOf } from '../../../src/distill/learnable/answer-parameters.js';
import { ROBUST } from '../../../src/distill/settings.js';
import { gaussianMixture } from '../../../src/field/gaussian-mixture.js';
import { polynomial } from '../../../src/grid/grid.js';
import { random } from '../../../src/rng/random.js';
import { epdPlan } from '../../../src/solver/epd.js';
import { planFamily, probes } from '../../../src/solver/plan-family.js';
import { gpu } from '../../device.js';
import { expectNormalEquations } from '../../distill/expect-normal-equations.js';
import { randomMixture } from '../../field/fixtures.js';
import { SLOW } from '../../mlp/fixtures.js';
import { freshSeed } from '../../seed.js';

const seed = freshSeed();
const field = gaussianMixture(randomMixture(seed, 2, 4, 'shared'));
const SCALES = { scaleDirection: 0.4, scaleTime: 0.3 };

test.each([1, 2, 3])(
  '%i directions: the normal equations of what is learned are those of float64',
  async (count) => {
    const times = polynomial().times(2);
    const source = random(seed, count);
    const parameters = Float64Array.from({ length: 8 * count }, () => source.between(-0.5, 0.5));
    const planOf = (p: Float64Array) => epdPlan(times, directionsOf(p, count, SCALES), { afs: true });
    const family = planFamily(planOf, probes(8 * count));
    await expectNormalEquations(field, family, planOf, parameters, seed);
  },
  SLOW,
);

test('equal weights and even places are the start, moved by r; of one direction it is the start of AMED', () => {
  const even = directionsOf(evenParameters([0.5, 0.5], 3), 3, SCALES);
  expect(even).toHaveLength(2);
  for (const directions of even) {
    for (const [k, { r, weight, direction, time }] of directions.entries()) {
      expect(r).toBeCloseTo((k + 1) / 4, 12);
      expect(weight).toBeCloseTo(1 / 3, 12);
      expect({ direction, time }).toEqual({ direction: 1, time: 1 });
    }
  }
  const [moved] = directionsOf(evenParameters([0.7, 0.7], 3), 3, SCALES);
  expect(moved[1].r).toBeCloseTo(0.7, 12);
  expect(moved[0].r).toBeGreaterThan(even[0][0].r);
  const one = evenParameters([0.3, 0.3], 1);
  const answers = answersOf(one.subarray(0, 6), SCALES);
  expect(directionsOf(one, 1, SCALES)).toEqual(answers.map((answer) => [{ ...answer, weight: 1 }]));
});

test(
  'what it learns is better on fresh latents, at as many evaluations as are counted',
  async () => {
    const settings = { ...ROBUST, trajectories: 512, validation: 128, iterations: 40 };
    const context = await contextOf({ gpu, field, batch: 256, settings, counts: [5] });
    const [row] = await epdRows(context, 5);
    expect(row).toMatchObject({ kind: 'epd', nfe: 5, seed: 0, teacherEvaluations: 100 * (512 + 128) });
    expect(['epd:directions=2', 'epd:directions=4']).toContain(row.solver);
    expect(row.afs).toBe(row.solver === 'epd:directions=2');
    expect(row.best!.score).toBeLessThan(row.start!.score);
    expect(row.test.score).toBeLessThan(row.untrained!.score);
    expect(row.seconds).toBeGreaterThan(0);
    expect(await epdRows(context, 2)).toMatchObject([{ solver: 'epd:directions=2', afs: true }]);
    expect(await epdRows(context, 1)).toEqual([]);
  },
  SLOW,
);
