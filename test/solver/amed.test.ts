import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { type AmedSolver, type Answer, amedSolvers, middleOf } from '../../src/solver/amed.js';
import { amedFamily } from '../../src/solver/amed-family.js';
import { nfeOf } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { parseSolver, solverByName, stepsForNfe } from '../../src/solver/registry.js';
import { counted, hostField, latents, randomMixture } from '../field/fixtures.js';
import { freshSeed } from '../seed.js';
import { type ByHand, deis, dpmpp2m, dpmpp3m, euler, ipndm, type Run, unipc } from './by-hand.js';
import { D, LATENTS } from './by-hand-fixtures.js';

const seed = freshSeed();
const STEPS = 4;
const times = polynomial().times(STEPS);
const field = gaussianMixture(randomMixture(seed, 2, 3, 'shared'));
const x = latents(seed, 3, 2);
const source = random(seed, 9);
const answers: Answer[] = times.slice(1).map(() => ({
  r: source.between(0.2, 0.8),
  direction: source.between(0.8, 1.2),
  time: source.between(0.8, 1.2),
}));

test.each(amedSolvers)('$name makes two evaluations a step, one fewer with AFS', (solver) => {
  for (const afs of [false, true]) {
    const counting = counted(field);
    const plan = solver.planWith(times, answers, { afs });
    expect(nfeOf(plan)).toBe(2 * STEPS - (afs ? 1 : 0));
    solveReference(counting.field, plan, { latents: x });
    expect(counting.calls()).toBe(3 * nfeOf(plan));
    expect(stepsForNfe(solver, nfeOf(plan), { afs })).toBe(STEPS);
  }
});

/** How far apart two plans end, relative to where they end. */
function difference(a: ReturnType<typeof planFor>, b: ReturnType<typeof planFor>): number {
  const [one, other] = [a, b].map((plan) => solveReference(field, plan, { latents: x }).samples);
  return Math.max(...one.map((value, i) => Math.abs(value - other[i]) / (1 + Math.abs(value))));
}

test.each([
  ['amed', 'midpoint-geometric'],
  ['amed-dpm-solver-2', 'dpm-solver-2'],
])('%s that learned nothing is %s', (name, base) => {
  for (const afs of [false, true]) {
    const [learning, plain] = [name, base].map((solver) => solverByName(solver).plan(times, { afs }));
    expect(difference(learning, plain)).toBeLessThan(1e-12);
  }
});

const plugins = amedSolvers.filter(({ base }) => base !== undefined && base !== 'dpm-solver-2');

test.each(plugins)('$name without scales is $base on the grid with each t_m put into it', (solver) => {
  const doubled = times.flatMap((time, i) =>
    i < STEPS ? [time, middleOf(time, times[i + 1], answers[i].r)] : [time],
  );
  const unscaled = answers.map(({ r }) => ({ r, direction: 1, time: 1 }));
  for (const afs of [false, true]) {
    const plugin = solver.planWith(times, unscaled, { afs });
    expect(difference(plugin, solverByName(solver.base!).plan(doubled, { afs }))).toBeLessThan(1e-12);
  }
});

/** AMED's own two-stage steps (arXiv 2312.00094, section 3): x_m by Euler, then one update by d and d_m. */
const twoStage =
  (update: (h: number, first: number, middle: number, answer: Answer) => number): ByHandAmed =>
  ({ D, x }) =>
    answers.reduce((state, answer, i) => {
      const [current, next] = [times[i], times[i + 1]];
      const m = next ** answer.r * current ** (1 - answer.r);
      const first = (state - D(state, current)) / current;
      const predicted = state + (m - current) * first;
      const middle = (predicted - D(predicted, answer.time * m)) / m;
      return state + update(next - current, first, middle, answer);
    }, x);

/** A plugin: its solver on t_0, m_0, t_1, m_1 ..; D at m is told a m, and c multiplies what the field adds after m. */
const plugin =
  (byHand: ByHand): ByHandAmed =>
  ({ D, x }) => {
    const doubled = [times[0]];
    const told = new Map<number, number>();
    for (const [i, { r, time }] of answers.entries()) {
      const m = times[i + 1] ** r * times[i] ** (1 - r);
      doubled.push(m, times[i + 1]);
      told.set(m, time * m);
    }
    return byHand({
      times: doubled,
      x,
      D: (state, sigma) => D(state, told.get(sigma) ?? sigma),
      scale: (i) => (i % 2 === 1 ? answers[(i - 1) / 2].direction : 1),
    });
  };

type ByHandAmed = (run: Pick<Run, 'D' | 'x'>) => number;

const BY_HAND: [solver: string, byHand: ByHandAmed][] = [
  ['amed', twoStage((h, _first, middle, { direction }) => direction * h * middle)],
  [
    'amed-dpm-solver-2',
    twoStage(
      (h, first, middle, { r, direction }) => direction * h * (middle / (2 * r) + (1 - 1 / (2 * r)) * first),
    ),
  ],
  ['amed-euler', plugin(euler)],
  ['amed-ipndm', plugin(ipndm(4))],
  ['amed-ipndm:order=2', plugin(ipndm(2))],
  ['amed-ipndm:order=3', plugin(ipndm(3))],
  ['amed-dpmpp-2m', plugin(dpmpp2m(true))],
  ['amed-dpmpp-3m', plugin(dpmpp3m(true))],
  ['amed-deis', plugin(deis(3))],
  ['amed-deis:order=2', plugin(deis(2))],
  ['amed-deis:order=4', plugin(deis(4))],
  ['amed-unipc', plugin(unipc(2, 'bh2', true))],
  ['amed-unipc:order=3', plugin(unipc(3, 'bh2', true))],
];

test.each(BY_HAND)('%s is that of the formulas, each step with answers of its own', (text, byHand) => {
  const { solver, options } = parseSolver(text);
  const one = hostField(1, (state, sigma, out) => {
    out[0] = D(state[0], sigma);
  });
  for (const afs of [false, true]) {
    const plan = (solver as AmedSolver).planWith(times, answers, { afs, options });
    const { samples } = solveReference(one, plan, { latents: LATENTS });
    for (const [row, start] of LATENTS.entries()) {
      // AFS: the first velocity is x / sqrt(1 + t^2).
      let asked = 0;
      const told = (state: number, sigma: number) =>
        afs && asked++ === 0 ? state - (sigma * state) / Math.sqrt(1 + sigma ** 2) : D(state, sigma);
      expect(samples[row], `AFS ${afs}`).toBeCloseTo(byHand({ D: told, x: start }), 9);
    }
  }
});

test('every solver that takes a predictor is among them', () => {
  const named = BY_HAND.map(([text]) => parseSolver(text).solver);
  expect(new Set(named)).toEqual(new Set(amedSolvers));
});

test.each(amedSolvers)('$name is exact for a constant D whatever r and the told time', (solver) => {
  const constant = hostField(1, (_, __, out) => {
    out[0] = 0.7;
  });
  const unscaled = answers.map(({ r, time }) => ({ r, direction: 1, time }));
  const { samples } = solveReference(constant, solver.planWith(times, unscaled), { latents: [55] });
  const exact = 0.7 + ((55 - 0.7) * times[STEPS]) / times[0];
  expect(Math.abs(samples[0] - exact)).toBeLessThan(1e-10);
});

describe('the family of an AMED solver', () => {
  test.each(amedSolvers)('$name: columns reproduce its plans, and slopes their differences', (solver) => {
    const family = amedFamily(solver, times, { afs: true });
    const numbers = Float64Array.from(answers.flatMap(({ r, direction, time }) => [r, direction, time]));
    const columns = family.values(numbers);
    const spread = Float64Array.from({ length: 3 * columns.length }, (_, i) => columns[Math.floor(i / 3)]);
    const direct = solveReference(field, solver.planWith(times, answers, { afs: true }), { latents: x });
    const through = solveReference(field, family.plan, { latents: x, columns: spread });
    for (const [i, value] of through.samples.entries()) {
      expect(Math.abs(value - direct.samples[i])).toBeLessThan(1e-12 * (1 + Math.abs(value)));
    }
    const jacobian = family.jacobian(numbers);
    const [above, below] = [1e-4, -1e-4].map((by) => family.values(numbers.with(3, numbers[3] + by)));
    const change = above.map((value, c) => (value - below[c]) / 2e-4);
    for (const [c, slope] of change.entries()) {
      expect(Math.abs(jacobian[c][3] - slope)).toBeLessThan(1e-5 * (1 + Math.abs(slope)));
    }
  });
});

test('answers that cannot be are refused', () => {
  const [solver] = amedSolvers;
  const bad = (answer: Partial<Answer>) => () =>
    solver.planWith(times, answers.with(1, { ...answers[1], ...answer }));
  expect(() => solver.planWith(times, answers.slice(1))).toThrow('amed: 3 answers for 4 steps');
  expect(bad({ r: 0 })).toThrow('amed: the answer for step 2 is r = 0');
  expect(bad({ r: Number.NaN })).toThrow('r = NaN');
  expect(bad({ time: 0 })).toThrow('time 0');
  expect(bad({ direction: Infinity })).toThrow('direction Infinity');
  expect(() => planFor({ solver: 'amed:r=1', nfe: 4 })).toThrow(
    "solver 'amed', option 'r': must be in (0, 1)",
  );
  expect(() => planFor({ solver: 'amed-ipndm:order=7', nfe: 4 })).toThrow(
    "option 'order': must be one of 2, 3, 4",
  );
  expect(() => planFor({ solver: 'amed-ipdnm', nfe: 4 })).toThrow("unknown solver 'amed-ipdnm'");
});
