import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { type Direction, epdPlan, epdSteps } from '../../src/solver/epd.js';
import { nfeOf } from '../../src/solver/plan.js';
import { counted, hostField, latents, randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const source = random(seed, 9);
const times = polynomial().times(3);
const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
const x = latents(seed, 3, 2);
const direction = (weight: number): Direction => ({
  r: source.between(0.2, 0.8),
  weight,
  direction: source.between(0.8, 1.2),
  time: source.between(0.8, 1.2),
});
/** Three steps of directions with these weights. */
const steps = (...weights: number[]) => times.slice(1).map(() => weights.map(direction));
const amed = amedSolvers.find(({ name }) => name === 'amed')!;

test.each([1, 2, 3])(
  '%i directions are as many evaluations a step, and one more, none of it free',
  (count) => {
    const answers = steps(...new Array<number>(count).fill(1 / count));
    for (const afs of [false, true]) {
      const counting = counted(field);
      const plan = epdPlan(times, answers, { afs });
      expect(nfeOf(plan)).toBe(3 * (1 + count) - (afs ? 1 : 0));
      solveReference(counting.field, plan, { latents: x });
      expect(counting.calls()).toBe(3 * nfeOf(plan));
      if (count > 1) expect(epdSteps(count, nfeOf(plan))).toEqual({ steps: 3, afs });
    }
  },
);

test('three, four or five evaluations a step, one fewer with AFS, reach every NFE from 3 to 10', () => {
  for (let nfe = 3; nfe <= 10; nfe++) {
    expect([2, 3, 4].some((count) => epdSteps(count, nfe))).toBe(true);
  }
  expect(epdSteps(2, 4)).toBeUndefined();
});

describe('in special cases it is the AMED-Solver', () => {
  test.each([false, true])('with one direction, AFS %s', (afs) => {
    const answers = steps(1);
    const same = amed.planWith(
      times,
      answers.map(([answer]) => answer),
      { afs },
    );
    expect(epdPlan(times, answers, { afs })).toEqual({ ...same, solver: 'epd:directions=1' });
  });

  test('with two directions that are the same', () => {
    const answers = steps(1);
    const doubled = answers.map(([answer]) => [
      { ...answer, weight: 0.3 },
      { ...answer, weight: 0.7 },
    ]);
    const [one, two] = [answers, doubled].map(
      (each) => solveReference(field, epdPlan(times, each), { latents: x }).samples,
    );
    for (const [i, value] of one.entries()) expect(two[i]).toBeCloseTo(value, 9);
  });
});

test('at the nodes of Gauss and Legendre, two directions integrate a cubic velocity exactly', () => {
  const cubic = hostField(1, (state, sigma, out) => {
    out[0] = state[0] - sigma * (sigma ** 3 + sigma);
  });
  const range = polynomial().times(2, { sigmaMin: 0.5, sigmaMax: 3 });
  const answers = range.slice(1).map((next, i) => {
    const current = range[i];
    return [-1, 1].map((side) => {
      const tau = (current + next + (side * (current - next)) / Math.sqrt(3)) / 2;
      return { r: Math.log(tau / current) / Math.log(next / current), weight: 0.5, direction: 1, time: 1 };
    });
  });
  const { samples } = solveReference(cubic, epdPlan(range, answers), { latents: [1] });
  const integral = (t: number) => t ** 4 / 4 + t ** 2 / 2;
  expect(samples[0]).toBeCloseTo(1 + integral(0.5) - integral(3), 9);
});

const good = steps(0.5, 0.5);
const changed = (part: Partial<Direction>) => good.with(1, [{ ...good[1][0], ...part }, good[1][1]]);
test.each([
  ['a step is missing', good.slice(1), /2 answers for 3 steps/],
  ['a step has fewer', good.with(1, good[1].slice(1)), /1 directions in step 2, 2 in the first/],
  ['weights sum to more than 1', changed({ weight: 0.6 }), /weights of step 2 sum to 1.1/],
  ['a weight is negative', good.with(1, [direction(-0.5), direction(1.5)]), /step 2 .* weight -0.5/],
  ['r is none', changed({ r: 1 }), /step 2 r is 1/],
  ['a time is 0', changed({ time: 0 }), /step 2 .* time 0/],
  ['a scale is none', changed({ direction: Number.NaN }), /step 2 .* direction NaN/],
])('refused: %s', async (_, answers, message) => {
  await expectRefusal(() => epdPlan(times, answers), 'bad-argument', message);
});
