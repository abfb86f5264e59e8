import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, parseGrid } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { type BespokeForm, bespokeLayout, bespokePlan, plainNumbers } from '../../src/solver/bespoke.js';
import { nfeOf } from '../../src/solver/plan.js';
import { tableOf } from '../../src/solver/table.js';
import {
  placed,
  UNIVERSAL_KINDS,
  unitForm,
  universalCounts,
  universalPlan,
  universalTables,
} from '../../src/solver/universal.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

test('a table in units of the data does the same on data that are moved and scaled', () => {
  const source = random(seed, 1);
  const spec = randomMixture(seed, 2, 5, 'per-component');
  const [factor, shift] = [source.between(0.3, 3), [source.between(-4, 4), source.between(-4, 4)]];
  const moved = {
    ...spec,
    means: spec.means.map((value, i) => shift[i % 2] + factor * value),
    stds: spec.stds.map((value) => factor * value),
  };
  const data = { mean: [0.1, -0.2], std: 0.7 };
  const movedData = { mean: data.mean.map((value, d) => shift[d] + factor * value), std: factor * data.std };
  const scaled = (range: typeof DEFAULT_RANGE) => ({
    sigmaMin: factor * range.sigmaMin,
    sigmaMax: factor * range.sigmaMax,
  });
  const unit = unitForm('ipndm-3', 5);
  const times = parseGrid('polynomial:5').times(5, { ...unit.range, sigmaMax: 6 });
  const { c, logA } = bespokeLayout(unit);
  const numbers = plainNumbers(unit, times).map((value, i) =>
    i < c ? value : value + source.between(-0.2, 0.2),
  );
  expect(logA).toBeLessThan(numbers.length);
  const x = latents(seed, 20, 2);
  const run = (form: BespokeForm, field: typeof spec, from: Float64Array) =>
    solveReference(gaussianMixture(field), bespokePlan(form, placed(form, numbers)), { latents: from })
      .samples;
  const here = run({ ...unit, range: DEFAULT_RANGE, data }, spec, x);
  const there = run(
    { ...unit, range: scaled(DEFAULT_RANGE), data: movedData },
    moved,
    x.map((value, i) => shift[i % 2] + factor * value),
  );
  for (const [i, value] of there.entries()) expect(value).toBeCloseTo(shift[i % 2] + factor * here[i], 9);
});

test('the tables that come with the package make their evaluations, in order, and their rows add up to one', () => {
  const all = UNIVERSAL_KINDS.flatMap((kind) => [3, 4, 5, 6, 7, 8, 9, 10].map((nfe) => [kind, nfe]));
  expect(universalTables.map(({ kind, nfe }) => [kind, nfe])).toEqual(all);
  expect(universalCounts).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
  for (const { kind, nfe } of universalTables) {
    const plan = universalPlan(nfe, { mean: [1, 2, 3], std: 0.4 }, undefined, kind);
    expect(nfeOf(plan)).toBe(nfe);
    // Those of the states: the sigma that the field is told is learned apart from them.
    expect(plan.times.every((time, k) => k === 0 || time < plan.times[k - 1])).toBe(true);
    const { times, rows } = tableOf(plan);
    expect(times.every((time) => time > 0 && time < 80)).toBe(true);
    for (const row of rows) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
  }
});

test('what has no universal table, or no room for its times, is refused', async () => {
  const data = { mean: [0], std: 0.5 };
  await expectRefusal(() => universalPlan(2, data), 'unreachable-nfe', /no universal bespoke solver of 2/);
  const narrow = { sigmaMin: 0.002, sigmaMax: 0.5 };
  await expectRefusal(() => universalPlan(5, data, narrow), 'bad-grid', /do not lie within sigma_max 0.5/);
  const short = { sigmaMin: 0.4, sigmaMax: 80 };
  await expectRefusal(() => universalPlan(5, data, short), 'bad-grid', /sigma_min 0.4/);
});
