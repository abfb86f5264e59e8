import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { logsnr, polynomial } from '../../src/grid/grid.js';
import { VpTime } from '../../src/grid/vp-time.js';
import { random } from '../../src/rng/random.js';
import type { Plan } from '../../src/solver/plan.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { hostField, latents, randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

/** Times that fall by random factors from 1.2 to 4. */
function unevenTimes(count: number): number[] {
  const source = random(seed, 7);
  const times = [80];
  while (times.length < count) times.push(times[times.length - 1] / source.between(1.2, 4));
  return times;
}

/** The largest difference of two arrays, relative to the largest number of the second. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const scale = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(actual[i] - value))) / scale;
}

/** A few thousand operations in float64, each with a relative error of 1e-16. */
const ROUNDING = 1e-11;

/** ipndm-v-4's published coefficients sum to one on geometric grids only. */
const exactOnEveryGrid = solvers.filter(({ name }) => name !== 'ipndm-v-4');
const constant = hostField(3, (_x, _sigma, out) => out.set([0.7, -0.2, 1.5]));

test.each([
  ...exactOnEveryGrid.map((solver) => ({ solver, times: unevenTimes(9) })),
  { solver: solverByName('ipndm-v-4'), times: logsnr().times(8) },
])('$solver.name is exact for constant D', ({ solver, times }) => {
  const x = latents(seed, 4, 3);
  const plan = solver.plan(times);
  const shrink = times[times.length - 1] / times[0];
  const expected = x.map((value, i) => [0.7, -0.2, 1.5][i % 3] * (1 - shrink) + value * shrink);
  const { samples, kept } = solveReference(constant, plan, { latents: x, keep: plan.states });
  // Relative to the data's size, which is what D is accurate to; x itself begins at 80.
  expect(difference(samples, expected)).toBeLessThan(ROUNDING * 80);
  for (const [i, slot] of plan.states.entries()) {
    const left = times[i] / times[0];
    const there = x.map((value, j) => [0.7, -0.2, 1.5][j % 3] * (1 - left) + value * left);
    expect(difference(kept.get(slot)!, there)).toBeLessThan(ROUNDING * 80);
  }
});

test.each(exactOnEveryGrid)('$name with AFS is itself on a field that tells the prior first', (solver) => {
  const times = polynomial().times(6);
  const field = gaussianMixture(randomMixture(seed, 2, 3, 'per-component'));
  const prior = hostField(2, (x, sigma, out) => {
    if (sigma !== times[0]) return field.denoise!(x, sigma, out);
    for (let d = 0; d < 2; d++) out[d] = x[d] - (sigma * x[d]) / Math.sqrt(1 + sigma ** 2);
  });
  const x = latents(seed, 5, 2);
  const withAfs = solveReference(field, solver.plan(times, { afs: true }), { latents: x });
  const without = solveReference(prior, solver.plan(times), { latents: x });
  expect(difference(withAfs.samples, without.samples)).toBeLessThan(ROUNDING * 80);
  expect(withAfs.evaluations).toBe(without.evaluations - 1);
});

test.each([2, 3, 4])('ab-%i is exact for velocities that are powers of sigma, on an uneven grid', (order) => {
  const times = unevenTimes(10);
  for (let power = 0; power < order; power++) {
    const field = hostField(1, (x, t, out) => {
      out[0] = x[0] - t ** (power + 1);
    });
    const plan = solverByName(`ab-${order}`).plan(times);
    const { kept } = solveReference(field, plan, { latents: [0], keep: plan.states });
    const at = plan.states.map((slot) => kept.get(slot)![0]);
    // Its first steps have a shorter history, hence a lower order.
    for (let i = order - 1; i + 1 < times.length; i++) {
      const expected = (times[i + 1] ** (power + 1) - times[i] ** (power + 1)) / (power + 1);
      // Rounding is relative to the state, which the first steps have made large.
      const rounding = 1e-14 * Math.abs(at[i]) + 1e-12 * Math.abs(expected);
      expect(Math.abs(at[i + 1] - at[i] - expected), `step ${i}`).toBeLessThan(rounding);
    }
  }
});

/** The weights of the velocities in the last combination of a multistep plan, newest first. */
function lastWeights(plan: Plan): number[] {
  const last = plan.operations[plan.operations.length - 1];
  if (last.kind !== 'combine') throw new Error('the plan does not end with a combination');
  return last.terms.slice(1).map((term) => term.coefficient as number);
}

test.each([
  // Steps of 1, 2, 3 and 4, newest first. The third-order numbers are published, the fourth-order ones come from
  // the published code.
  ['ipndm-v-2', [7, 5, 4], [1.25, -0.25]],
  ['ipndm-v-3', [10, 7, 5, 4], [1.733333, -1.055556, 0.322222]],
  ['ab-3', [10, 7, 5, 4], [1.383333, -0.472222, 0.088889]],
  ['ipndm-v-4', [14, 10, 7, 5, 4], [1.826852, -1.255952, 0.4625, -0.029688]],
  ['ipndm-4', [14, 10, 7, 5, 4], [55 / 24, -59 / 24, 37 / 24, -9 / 24]],
] as const)('%s has its published coefficients', (name, times, coefficients) => {
  const h = times[times.length - 1] - times[times.length - 2];
  const weights = lastWeights(solverByName(name).plan(times)).map((weight) => weight / h);
  expect(weights).toHaveLength(coefficients.length);
  for (const [j, weight] of weights.entries()) expect(weight).toBeCloseTo(coefficients[j], 5);
});

test.each([2, 3, 4])('deis-%i integrates the polynomials in VP time as brute force does', (count) => {
  const grid = polynomial().times(6);
  for (const end of [grid.length, grid.length - 2]) {
    // DEIS takes its VP schedule from the ends of the grid, so the whole plan is made and one step looked at.
    const plan = solverByName(`deis-${count}`).plan(grid);
    const updates = plan.operations.filter((operation) => operation.kind === 'combine');
    const step = updates[end - 2];
    const vp = new VpTime(grid[grid.length - 1], grid[0]);
    const nodes = Array.from({ length: count }, (_, j) => vp.time(grid[end - 2 - j]));
    for (const [j, term] of step.terms.slice(1).entries()) {
      const others = nodes.filter((_, m) => m !== j);
      const integral = simpson(vp.time(grid[end - 2]), vp.time(grid[end - 1]), (u) => {
        const sigma = vp.sigma(u);
        const slope = ((1 + sigma ** 2) * (vp.betaD * u + vp.betaMin)) / (2 * sigma);
        return others.reduce((product, node) => (product * (u - node)) / (nodes[j] - node), slope);
      });
      expect(Math.abs((term.coefficient as number) / integral - 1)).toBeLessThan(1e-7);
    }
  }
});

function simpson(from: number, to: number, f: (u: number) => number): number {
  const intervals = 20000;
  const h = (to - from) / intervals;
  let sum = f(from) + f(to);
  for (let i = 1; i < intervals; i++) sum += (i % 2 === 1 ? 4 : 2) * f(from + i * h);
  return (sum * h) / 3;
}

test('dpm-solver-2 with r = 1/2 is midpoint-geometric', () => {
  const times = polynomial().times(7);
  const field = gaussianMixture(randomMixture(seed, 3, 4, 'per-dimension'));
  const x = latents(seed, 6, 3);
  const [a, b] = ['dpm-solver-2', 'midpoint-geometric'].map(
    (name) => solveReference(field, solverByName(name).plan(times), { latents: x }).samples,
  );
  expect(difference(a, b)).toBeLessThan(ROUNDING * 80);
});

test('heun with end=denoise ends at the denoised', () => {
  const times = polynomial().times(7);
  const field = gaussianMixture(randomMixture(seed, 3, 4, 'shared'));
  const x = latents(seed, 1, 3);
  const corrected = solveReference(field, solverByName('heun').plan(times), { latents: x }).samples;
  const options = { end: 'denoise' };
  const denoised = solveReference(field, solverByName('heun').plan(times, { options }), { latents: x });
  const expected = new Float64Array(3);
  field.denoise!(corrected, times[times.length - 1], expected);
  expect([...denoised.samples]).toEqual([...expected]);
});

test('an accurate solve follows the closed-form flow of a Gaussian', () => {
  const [mu, s] = [[0.3, -1.2], 0.5];
  const field = gaussianMixture({ weights: [1], means: [mu], stds: [s] });
  const x = latents(seed, 5, 2);
  const plan = solverByName('rk4').plan(polynomial().times(1500));
  const { kept } = solveReference(field, plan, { latents: x, keep: plan.states });
  for (const [i, slot] of plan.states.entries()) {
    const factor = Math.sqrt((s ** 2 + plan.times[i] ** 2) / (s ** 2 + 80 ** 2));
    const expected = x.map((value, j) => mu[j % 2] + (value - mu[j % 2]) * factor);
    // Error of order 4 of 1500 steps whose ratio is at most 1.1; about 1e-9 is measured.
    expect(difference(kept.get(slot)!, expected)).toBeLessThan(1e-8);
  }
  // The whole factor, known from elsewhere.
  expect(Math.sqrt((s ** 2 + 0.002 ** 2) / (s ** 2 + 80 ** 2))).toBeCloseTo(0.0062499279, 9);
});

test('D of one Gaussian is the posterior mean', () => {
  const [mu, s, sigma, x] = [0.3, 0.5, 1.7, -2.2];
  const out = new Float64Array(1);
  gaussianMixture({ weights: [3], means: [[mu]], stds: [s] }).denoise!(Float64Array.of(x), sigma, out);
  expect(out[0]).toBeCloseTo((s ** 2 * x + sigma ** 2 * mu) / (s ** 2 + sigma ** 2), 14);
});
