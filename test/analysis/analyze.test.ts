import { expect, test } from 'vitest';
import { analysisPlans, analyze } from '../../src/analysis/analyze.js';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { drawLatents } from '../../src/rng/latents.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { randomMixture } from '../field/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

test('trajectories of a Gaussian lie on lines, and their mean directions where the closed form says', async () => {
  const [s, dim] = [0.5, 5];
  const field = gaussianMixture({ weights: [1], means: [new Array(dim).fill(0)], stds: [s] });
  const analysis = await analyze(gpu, { field, trajectories: 20, seed, nfe: 240 });
  const [one] = analysis.explained;
  // float32 rounds x by 6e-8 of itself, and the variance holds squares.
  expect(1 - one.share.p5).toBeLessThan(1e-12);
  expect(analysis.largestDeviation.p95).toBeLessThan(1e-6);
  for (const { steps, from, to, error, eulerError, r, angle } of analysis.meanValue) {
    // x = c sqrt(s^2 + t^2) and v = c t / sqrt(s^2 + t^2), which is the mean velocity m at t = s m / sqrt(1 - m^2).
    const m = (Math.hypot(s, to) - Math.hypot(s, from)) / (to - from);
    const best = (s * m) / Math.sqrt(1 - m * m);
    expect(r.median).toBeCloseTo(Math.log(from / best) / Math.log(from / to), 2);
    // Each fine step rounds the state; rounding adds up as a random walk and is large beside a short increment.
    const increment = (Math.hypot(s, from) - Math.hypot(s, to)) / Math.hypot(s, from);
    const rounding = (2 * 2 ** -24 * Math.sqrt(240 / steps)) / increment;
    // And the velocity is curved between two times.
    expect(error.p95).toBeLessThan(rounding + 1e-6);
    expect(angle.p95).toBeLessThan((180 / Math.PI) * (rounding + 1e-6));
    // The last steps are a hundredth of the state and less, and its error 1e-6 in float64 with this solver.
    expect(eulerError.median).toBeCloseTo(from / Math.hypot(s, from) / m - 1, 3);
  }
});

test('figures of a mixture are those of float64', async () => {
  const [dim, count] = [4, 6];
  const field = gaussianMixture(randomMixture(seed, dim, 3, 'per-component'));
  const analysis = await analyze(gpu, { field, trajectories: count, seed, nfe: 40, steps: [4] });
  const plan = planFor({ solver: 'unipc-3', nfe: 40 });
  const latents = drawLatents(seed, 0, count, dim, 80);
  const { kept } = solveReference(field, plan, { latents, keep: plan.states });
  const states = plan.states.map((slot) => kept.get(slot)!);
  const largest = Array.from({ length: count }, (_, row) => {
    const at = (n: number) => Array.from(states[n].subarray(row * dim, (row + 1) * dim));
    const from = (n: number) => at(n).map((value, d) => value - at(0)[d]);
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, d) => sum + value * b[d], 0);
    const chord = from(40);
    const squares = states.map(
      (_, n) => dot(from(n), from(n)) - dot(from(n), chord) ** 2 / dot(chord, chord),
    );
    return Math.sqrt(Math.max(...squares) / dot(chord, chord));
  });
  const mean = largest.reduce((sum, value) => sum + value, 0) / count;
  expect(Math.abs(analysis.largestDeviation.mean / mean - 1)).toBeLessThan(1e-3);
  expect(analysis).toMatchObject({ trajectories: count, nfe: 40, evaluations: 40 + 41 });
  expect(analysis.times).toEqual(plan.times);
  // More components explain more and miss less; four hold everything that four dimensions have.
  const shares = analysis.explained.map(({ share }) => share.mean);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(analysis.projection[0].error[40].mean).toBeGreaterThan(analysis.projection[1].error[40].mean);
  // The beginning's direction is one of those on the path.
  for (const { error, eulerError } of analysis.meanValue) {
    expect(error.p95).toBeLessThanOrEqual(eulerError.p95);
  }
});

test('a batch in parts has the trajectories of a whole one', async () => {
  const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
  const few = await analyze(gpu, { field, trajectories: 40, seed, nfe: 16, steps: [2] });
  const done: number[] = [];
  const many = await analyze(gpu, {
    field,
    trajectories: 300,
    seed,
    nfe: 16,
    steps: [2],
    onProgress: (count) => done.push(count),
  });
  expect(many.paths).toEqual(few.paths);
  expect(done.at(-1)).toBe(300);
});

const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
test('the plan that it is compared with has every second of the times, of any solver and grid', () => {
  const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
  const every = (times: readonly number[]) => times.filter((_, n) => n % 2 === 0 || n === times.length - 1);
  const listed = `explicit:${Array.from({ length: 25 }, (_, i) => 80 * 0.7 ** i).join(',')}`;
  for (const [solver, nfe, grid] of [
    ['unipc-3', 120, 'polynomial:7'],
    ['heun', 118, 'logsnr'],
    ['euler', 24, listed],
  ] as const) {
    const { accurate, half } = analysisPlans({ field, solver, nfe, grid });
    expect(half.times).toEqual(every(accurate.times));
  }
  // Of a grid with a rule and an even number of steps these are its own times.
  const { half } = analysisPlans({ field });
  const own = planFor({ solver: 'unipc-3', nfe: 60 }).times;
  for (const [n, time] of half.times.entries()) expect(time / own[n]).toBeCloseTo(1, 12);
});

test.each<Refusal>([
  ['one trajectory', () => analysisPlans({ field, trajectories: 1 }), 'bad-argument', /is 1/, /from 2/],
  [
    'a coarse grid too fine',
    () => analysisPlans({ field, nfe: 16, steps: [5] }),
    'bad-argument',
    /20/,
    /higher NFE/,
  ],
  ['half a step', () => analysisPlans({ field, steps: [1.5] }), 'bad-argument', /1.5 steps/, /coarser/],
  [
    'a number for a list',
    () => analysisPlans({ field, steps: 4 as never }),
    'bad-argument',
    /steps are 4/,
    /an array/,
  ],
  ['an unknown solver', () => analysisPlans({ field, solver: 'unipc' }), 'unknown-name', /unipc/, /unipc-/],
])('%s is refused', (...refusal) => expectRefused(refusal));
