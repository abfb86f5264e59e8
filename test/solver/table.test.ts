import { describe, expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { checkTimes, parseGrid } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { nfeOf, perTrajectory, stepsOf } from '../../src/solver/plan.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { planOfTable, type SolverTable, tableOf } from '../../src/solver/table.js';
import { hostField, latents, randomMixture } from '../field/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { everyPlan, randomTimes } from './table-fixtures.js';

const seed = freshSeed();
const DIM = 3;
const field = gaussianMixture(randomMixture(seed, DIM, 4, 'per-component'));

/** The largest difference of two arrays, relative to the largest number of the second. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const values = Array.from(expected);
  const scale = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(actual[i] - value))) / scale;
}

test('a table of a thousand evaluations is a plan again', () => {
  const plan = solverByName('euler').plan(parseGrid('polynomial:7').times(1000));
  const again = planOfTable(tableOf(plan));
  expect(nfeOf(again)).toBe(1000);
  expect(again.columns).toBe(0);
});

describe.each(everyPlan(seed, 5))('$name', ({ plan }) => {
  const table = tableOf(plan);
  const again = planOfTable(table);

  test('its table samples as it does', () => {
    const x = latents(seed, 6, DIM, plan.times[0]);
    const expected = solveReference(field, plan, { latents: x });
    const samples = solveReference(field, again, { latents: x });
    expect(difference(samples.samples, expected.samples)).toBeLessThan(1e-9);
    expect(samples.evaluations).toBe(expected.evaluations);
    expect(nfeOf(again)).toBe(nfeOf(plan));
  });

  test('the table of its table is the same, and a plan like any other', () => {
    expect(tableOf(again)).toEqual(table);
    expect([again.times[0], again.times.at(-1)]).toEqual([plan.times[0], plan.times.at(-1)]);
    checkTimes(again.times);
    expect(again.states).toHaveLength(again.times.length);
    expect(Math.max(...stepsOf(again))).toBe(again.times.length - 2);
  });

  test('what it makes of a constant D follows from the last row', () => {
    const source = random(seed, 9);
    const constant = Float64Array.from({ length: DIM }, () => source.between(-2, 2));
    const x = latents(seed, 4, DIM, plan.times[0]);
    const still = hostField(DIM, (_x, _sigma, out) => out.set(constant));
    const { samples } = solveReference(still, plan, { latents: x });
    const [left, ...others] = table.rows[table.times.length];
    const answered = others.reduce((sum, value) => sum + value, 0);
    const expected = x.map((value, i) => left * value + answered * constant[i % DIM]);
    expect(difference(samples, expected)).toBeLessThan(1e-11);
  });
});

test.each([...solvers, ...amedSolvers])(
  '$name: every row sums to one, so a constant D comes out exactly',
  (solver) => {
    const times = randomTimes(seed, 6);
    const { rows, sigmaMax, sigmaMin } = tableOf(solver.plan(times));
    // x_k - D = R_k0 (x_T - D) for constant D.
    for (const row of rows)
      expect(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1)).toBeLessThan(1e-11);
    // ipndm-v-4's published coefficients sum to one on geometric grids only.
    const exact = solver.name !== 'ipndm-v-4';
    const left = rows[rows.length - 1][0] / (sigmaMin / sigmaMax) - 1;
    expect(Math.abs(left) < 1e-10).toBe(exact);
  },
);

/** Tables as numbers, the name aside. */
function sameTable(a: SolverTable, b: SolverTable): boolean {
  const numbers = ({ sigmaMax, sigmaMin, times, rows }: SolverTable) => [
    sigmaMax,
    sigmaMin,
    ...times,
    ...rows.flat(),
  ];
  const [first, second] = [numbers(a), numbers(b)];
  return (
    first.length === second.length &&
    first.every((value, i) => Math.abs(value - second[i]) <= 1e-11 * (1 + Math.abs(value)))
  );
}

const geometric = (steps: number) => Array.from({ length: steps + 1 }, (_, i) => 80 * 0.3 ** i);

test.each([
  // The exponential midpoint of all four is at the geometric mean.
  [5, 'dpm-solver-2', 'midpoint-geometric'],
  [5, 'dpm-solver-2', 'amed'],
  [5, 'dpm-solver-2', 'amed-dpm-solver-2'],
  // Two velocities of variable steps.
  [5, 'ipndm-v-2', 'ab-2'],
  // A shorter history is a lower order.
  [1, 'euler', 'ipndm-4'],
  [1, 'euler', 'deis-3'],
  [1, 'euler', 'unipc-3'],
  [2, 'ipndm-2', 'ipndm-4'],
  [3, 'ipndm-3', 'ipndm-4'],
  [3, 'ab-3', 'ab-4'],
  [3, 'deis-3', 'deis-4'],
  // Lower orders at the end.
  [2, 'euler', 'dpmpp-2m'],
  [4, 'dpmpp-2m', 'dpmpp-3m'],
  [4, 'unipc-2', 'unipc-3'],
])('on %i uneven steps %s is %s', (steps, one, other) => {
  const times = randomTimes(seed, steps);
  const [a, b] = [one, other].map((name) => tableOf(solverByName(name).plan(times)));
  expect(sameTable(a, b)).toBe(true);
  // One more step tells those apart that a short history made the same.
  if (steps === 5) return;
  const longer = randomTimes(seed, steps + 1);
  const [c, d] = [one, other].map((name) => tableOf(solverByName(name).plan(longer)));
  expect(sameTable(c, d)).toBe(false);
});

test('on a geometric grid of two steps iPNDM-2 is DPM-Solver++(3M), and AB-2 is UniPC-2; on others they are not', () => {
  const table = (name: string, times: number[]) => tableOf(solverByName(name).plan(times));
  for (const [one, other] of [
    ['ipndm-2', 'dpmpp-3m'],
    ['ab-2', 'unipc-2'],
  ]) {
    expect(sameTable(table(one, geometric(2)), table(other, geometric(2)))).toBe(true);
    const uneven = randomTimes(seed, 2);
    expect(sameTable(table(one, uneven), table(other, uneven))).toBe(false);
  }
});

test('by hand: Euler from 4 over 2 to 1', () => {
  // x_1 = x/2 + D_0/2; x_2 = x_1/2 + D_1/2.
  expect(tableOf(solverByName('euler').plan([4, 2, 1]))).toEqual({
    solver: 'euler',
    sigmaMax: 4,
    sigmaMin: 1,
    times: [4, 2],
    rows: [
      [1, 0],
      [0.5, 0, 0.5],
      [0.25, 0, 0.25, 0.5],
    ],
  });
});

describe('the mean', () => {
  const table: SolverTable = {
    solver: 'towards the mean',
    sigmaMax: 8,
    sigmaMin: 1,
    times: [3, 5],
    rows: [
      [0.25, 0.75],
      [0, 1, 0.5],
      [0, 0.25, 0, 0.75],
    ],
  };
  const mean = [0.5, -2, 1];

  test('is a state for all, and the table comes back', () => {
    const plan = planOfTable(table, mean);
    expect(tableOf(plan)).toEqual(table);
    const x = latents(seed, 5, DIM, 8);
    const told: number[] = [];
    const still = hostField(DIM, (state, sigma, out) => {
      told.push(sigma);
      for (let d = 0; d < DIM; d++) out[d] = state[d] ** 2;
    });
    const { samples } = solveReference(still, plan, { latents: x });
    const expected = x.map((value, i) => {
      const mu = mean[i % DIM];
      const first = (0.25 * value + 0.75 * mu) ** 2;
      return 0.25 * mu + 0.75 * (mu + 0.5 * first) ** 2;
    });
    expect(difference(samples, expected)).toBeLessThan(1e-14);
    expect(new Set(told)).toEqual(new Set([3, 5]));
    // A told time that rises is no state's.
    expect(plan.times).toEqual([8, 5, 1]);
  });

  const never = {
    ...table,
    rows: [
      [1, 0],
      [1, 0, 0],
      [0, 0, 1, 0],
    ],
  };
  test('is not asked for where no row has it, and zeros are left out', () => {
    const plan = planOfTable(never);
    expect(plan.operations.map(({ kind }) => kind)).toEqual(['evaluate', 'evaluate', 'combine']);
    expect(tableOf(plan)).toEqual(never);
  });

  const b = new PlanBuilder([2, 1]);
  b.reach(b.combine([1, b.denoised(b.start, perTrajectory(0))]));
  const two = new PlanBuilder([2, 1]);
  two.reach(two.combine([1, two.constant([1, 2])], [1, two.constant([1, 3])], [1, two.denoised(0, 2)]));
  test.each<Refusal>([
    ['no mean', () => planOfTable(table), 'bad-argument', /needs the mean/, /give the mean/],
    ['columns', () => tableOf(b.finish('x')), 'bad-argument', /x reads columns/, /alike/],
    ['two constants', () => tableOf(two.finish('x')), 'bad-argument', /two different constants/, /one/],
    [
      'another field',
      () => solveReference(field, planOfTable(table, [1, 2]), { latents: [1, 2, 3] }),
      'bad-shape',
      /constant of 2 numbers.* 3$/,
      /field/,
    ],
    [
      'no number',
      () => solveReference(field, planOfTable(table, [1, 1e39, 2]), { latents: [1, 2, 3] }),
      'not-finite',
      /1e\+39 in dimension 1/,
      /float32/,
    ],
    ['a range', () => planOfTable({ ...never, sigmaMin: 8 }), 'bad-argument', /from sigma 8 to 8/, /falls/],
    [
      'no times',
      () => planOfTable({ ...never, times: [], rows: [[1, 0]] }),
      'bad-argument',
      /no times/,
      /sigma/,
    ],
    [
      'a time',
      () => planOfTable({ ...never, times: [3, -1] }),
      'bad-argument',
      /times\[1\] is -1/,
      /positive/,
    ],
    ['rows', () => planOfTable({ ...never, times: [3] }), 'bad-argument', /3 rows for 1 times/, /result/],
    [
      'a row',
      () => planOfTable({ ...never, rows: never.rows.with(1, [1, 0]) }),
      'bad-argument',
      /rows\[1\] has 2 numbers, not 3/,
      /row k/,
    ],
    [
      'NaN',
      () => planOfTable({ ...never, rows: never.rows.with(2, [1, 0, Number.NaN, 0]) }),
      'bad-argument',
      /rows\[2\]\[2\] is NaN/,
      /finite/,
    ],
  ])('%s is refused', (...refusal) => expectRefused(refusal));
});

test('rows longer than a combination takes become several', () => {
  const plan = solverByName('unipc-3').plan(randomTimes(seed, 70).map((_, i) => 80 * 0.9 ** i));
  const again = planOfTable(tableOf(plan));
  const most = Math.max(...again.operations.map((o) => (o.kind === 'combine' ? o.terms.length : 0)));
  expect(most).toBe(30);
  const x = latents(seed, 3, DIM);
  const [a, b] = [plan, again].map((of) => solveReference(field, of, { latents: x }).samples);
  expect(difference(b, a)).toBeLessThan(1e-9);
});
