import { describe, expect, test } from 'vitest';
import { rowShare } from '../../src/execute/adjoint-gather.js';
import { adjointReference } from '../../src/execute/adjoint-reference.js';
import {
  backwardSteps,
  columnsOf as columnsOfUse,
  GATHER_ROOM,
  USES_AT_ONCE,
} from '../../src/execute/backward-steps.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE, parseGrid } from '../../src/grid/grid.js';
import { random } from '../../src/rng/random.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { type BespokeForm, plainNumbers } from '../../src/solver/bespoke.js';
import { bespokeFamily } from '../../src/solver/bespoke-family.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { nfeOf, type Plan, perTrajectory } from '../../src/solver/plan.js';
import type { PlanFamily } from '../../src/solver/plan-family.js';
import { gpu } from '../device.js';
import { latents, randomMixture } from '../field/fixtures.js';
import { SLOW } from '../mlp/fixtures.js';
import { adjointOnGpu, allowed, answersFamily, columnsOf, relativeError, seed } from './adjoint-fixtures.js';

const form: BespokeForm = {
  formula: 'ipndm-3',
  start: 'gaussian',
  nfe: 20,
  range: DEFAULT_RANGE,
  data: { mean: [0.3, -0.2, 0.1], std: 1.5 },
};

/** Numbers of a bespoke solver beside those of its formula. */
function someNumbers(stream: number): Float64Array {
  const source = random(seed, stream);
  const times = parseGrid('polynomial:5').times(form.nfe, { ...form.range, sigmaMax: 12 });
  return plainNumbers(form, times).map((value) => value + source.between(-0.01, 0.01));
}

/** A field that amplifies no rounding, however many dimensions it has: what is tested is what stands between its products. */
function gaussian(dim: number): Field {
  return gaussianMixture(randomMixture(seed, dim, 1, 'shared'));
}

async function expectAdjoint(field: Field, family: PlanFamily, columns: Float64Array, lanes?: number) {
  const { dim } = field;
  const batch = columns.length / family.plan.columns;
  const x = latents(seed, batch, dim, 20);
  const bar = latents(seed + 2, batch, dim, 1);
  const run = (of: Field) => adjointReference(of, family.plan, { latents: x, columns, cotangent: () => bar });
  const exact = run(field);
  const share = lanes === undefined ? rowShare(gpu, dim, false) : { lanes, block: 2 };
  const actual = await adjointOnGpu(field, family, x, columns, bar, { share });
  const bound = allowed(field, exact, run);
  expect(relativeError(actual.columns, exact.columns)).toBeLessThan(bound.columns);
  expect(relativeError(actual.latents, exact.latents)).toBeLessThan(bound.latents);
  expect(Math.max(bound.columns, bound.latents)).toBeLessThan(0.02);
}

describe('rows of one dimension and another', () => {
  const family = answersFamily(amedSolvers[0], true);

  test.each([1, 3, 4, 5, 17, 64, 65, 100, 300])(
    '%i numbers by as many lanes as hardware takes',
    async (dim) => {
      // 11 rows fill no workgroup, nor a whole number of them.
      const columns = columnsOf(family, 11).map(Math.fround);
      await expectAdjoint(gaussian(dim), family, columns);
    },
    SLOW,
  );

  test.each([
    [6, 1],
    [17, 2],
    [17, 64],
    [20, 4],
    [40, 2],
  ])(
    '%i numbers by %i lanes of two vec4',
    async (dim, lanes) => {
      const columns = columnsOf(family, 67).map(Math.fround);
      await expectAdjoint(gaussian(dim), family, columns, lanes);
    },
    SLOW,
  );
});

test.each([1, 4])(
  'a slot that goes into more than is added up at once, by %i lanes',
  async (lanes) => {
    const family = bespokeFamily(form);
    const split = backwardSteps(family.plan).flatMap((step) => (step.kind === 'gather' ? step.slots : []));
    expect(new Set(split.map(({ slot }) => slot)).size).toBeLessThan(split.length);
    const columns = columnsOf(family, 9, someNumbers).map(Math.fround);
    await expectAdjoint(gaussian(3), family, columns, lanes);
  },
  SLOW,
);

describe('the way back', () => {
  const plans: [string, Plan][] = [
    ['of bespoke at NFE 20', bespokeFamily(form).plan],
    ...amedSolvers.map((solver): [string, Plan] => [`of ${solver.name}`, answersFamily(solver, false).plan]),
  ];

  test.each(plans)('%s finds room, and no two uses of a slot at once share a column', (_, plan) => {
    for (const step of backwardSteps(plan)) {
      if (step.kind === 'product') continue;
      expect(step.slots.length).toBeLessThanOrEqual(GATHER_ROOM.slots);
      const uses = step.slots.flatMap((slot) => slot.uses);
      expect(uses.length).toBeLessThanOrEqual(GATHER_ROOM.uses);
      for (const slot of step.slots) {
        expect(slot.uses.length).toBeGreaterThan(0);
        expect(slot.uses.length).toBeLessThanOrEqual(USES_AT_ONCE);
        const sets = slot.uses.flatMap((use) => [...new Set(columnsOfUse(use))]);
        expect(new Set(sets).size).toBe(sets.length);
      }
    }
  });

  test.each(plans.slice(1))('%s takes one dispatch between products', (_, plan) => {
    const kinds = backwardSteps(plan).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'product').length).toBe(nfeOf(plan));
    expect(kinds.length).toBe(2 * nfeOf(plan) + 1);
  });

  test('leaves out what the result does not depend on', () => {
    const b = new PlanBuilder([20, 1]);
    const unused = b.denoised(b.start, perTrajectory(0));
    b.combine([2, unused], [perTrajectory(1), b.start]);
    b.reach(b.euler(b.start, b.velocity(b.start, 20), -19));
    const plan = b.finish('one evaluation for nothing');
    const products = backwardSteps(plan).filter(({ kind }) => kind === 'product');
    expect(products).toEqual([{ kind: 'product', operation: 2 }]);
  });
});
