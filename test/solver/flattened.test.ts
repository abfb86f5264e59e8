import { expect, test } from 'vitest';
import { polynomial } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { BESPOKE_STARTS, bespokeLayout, bespokePlan, plainNumbers } from '../../src/solver/bespoke.js';
import { bespokeFamily } from '../../src/solver/bespoke-family.js';
import { flattened } from '../../src/solver/flattened.js';
import { allocate, inputsOf } from '../../src/solver/plan.js';
import { solvers } from '../../src/solver/registry.js';
import { tableOf } from '../../src/solver/table.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();

test.each(solvers)('$name: the same table, and no combination reads another', (solver) => {
  const plan = solver.plan(polynomial().times(5));
  const flat = flattened(plan);
  const [made, given] = [tableOf(flat), tableOf(plan)];
  for (const [k, row] of given.rows.entries()) {
    for (const [i, value] of row.entries()) expect(made.rows[k][i]).toBeCloseTo(value, 10);
  }
  const sums = new Set(flat.operations.filter(({ kind }) => kind === 'combine').map(({ out }) => out));
  for (const operation of flat.operations.filter(({ kind }) => kind === 'combine')) {
    expect(inputsOf(operation).filter((slot) => sums.has(slot))).toEqual([]);
  }
  expect(flat.states).toEqual(plan.states);
});

test.each(BESPOKE_STARTS)('a bespoke solver that starts with %s keeps K + 2 states', (start) => {
  for (const formula of ['euler', 'dpmpp-2m', 'ipndm-4']) {
    for (const nfe of [3, 6, 10, 16]) {
      const form = {
        formula,
        start,
        nfe,
        range: { sigmaMin: 0.002, sigmaMax: 80 },
        data: { mean: [0], std: 1 },
      };
      const source = random(seed, nfe);
      const numbers = plainNumbers(form, polynomial().times(bespokeLayout(form).steps)).map(
        (value) => value + 0.01 * source.normal(),
      );
      const plan = bespokePlan(form, numbers);
      const { places } = allocate(flattened(plan), [], [], true);
      expect(places, `${formula} ${nfe}`).toBe(nfe + 2);
      expect(allocate(plan, [], [], true).places).toBeGreaterThan(places);
    }
  }
});

test('a plan that reads columns stays as it is', () => {
  const { plan } = bespokeFamily({
    formula: 'euler',
    start: 'none',
    nfe: 3,
    range: { sigmaMin: 0.002, sigmaMax: 80 },
    data: { mean: [0], std: 1 },
  });
  expect(plan.columns).toBeGreaterThan(0);
  expect(flattened(plan)).toBe(plan);
});
