import fc from 'fast-check';
import { expect, test } from 'vitest';
import { solveReference } from '../../src/execute/reference.js';
import { polynomial } from '../../src/grid/grid.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { allocate, inputsOf, type Plan, perTrajectory, type Slot, stepsOf } from '../../src/solver/plan.js';
import { solverByName, solvers } from '../../src/solver/registry.js';
import { hostField } from '../field/fixtures.js';

/** Which earlier slots each operation reads, as fractions; from them a plan of arbitrary wiring. */
const wiring = fc.array(
  fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 4 }),
  {
    minLength: 1,
    maxLength: 25,
  },
);

function planOf(wires: number[][]): Plan {
  const b = new PlanBuilder([2, 1]);
  let last: Slot = b.start;
  for (const [i, fractions] of wires.entries()) {
    const slots = fractions.map((fraction) => Math.floor(fraction * (i + 1)));
    last =
      slots.length === 1
        ? b.denoised(slots[0], 1)
        : b.combine(...slots.map((slot) => [1 / slots.length, slot] as const));
  }
  // Always a combination, because reaching an evaluation adds one.
  b.reach(b.combine([1, last]));
  return b.finish('random');
}

/** Runs a plan on places instead of slots, each holding the name of the slot that was written last. */
function overwritten(plan: Plan, place: number[], kept: Slot[]): string | undefined {
  const holds: Slot[] = [];
  holds[place[0]] = 0;
  for (const [i, operation] of plan.operations.entries()) {
    for (const slot of inputsOf(operation)) {
      if (holds[place[slot]] !== slot)
        return `operation ${i} reads slot ${slot}, its place holds ${holds[place[slot]]}`;
      if (place[slot] === place[operation.out]) return `operation ${i} writes over its own input`;
    }
    holds[place[operation.out]] = operation.out;
  }
  const lost = kept.find((slot) => holds[place[slot]] !== slot);
  return lost === undefined ? undefined : `slot ${lost} does not survive`;
}

test('slots share places without losing what is still read', () => {
  fc.assert(
    fc.property(wiring, fc.array(fc.nat()), (wires, picks) => {
      const plan = planOf(wires);
      const kept = [...picks.map((pick) => pick % plan.slots), plan.states[1]];
      const { place, places } = allocate(plan, kept);
      expect(overwritten(plan, place, kept)).toBeUndefined();
      expect(Math.max(...place) + 1).toBe(places);
    }),
  );
});

test('no more places are taken than slots live at once', () => {
  fc.assert(
    fc.property(wiring, (wires) => {
      const plan = planOf(wires);
      const lastRead = Array.from({ length: plan.slots }, (_, slot) =>
        Math.max(-1, ...plan.operations.map((operation, i) => (inputsOf(operation).includes(slot) ? i : -1))),
      );
      lastRead[plan.states[1]] = Infinity;
      const written = [-1, ...plan.operations.map((_, i) => i)];
      const live = plan.operations.map(
        (_, i) => written.filter((at, slot) => at === i || (at < i && lastRead[slot] >= i)).length,
      );
      // x at the first time has a place before anything runs, even where nothing reads it.
      const unread = lastRead[0] < 0 ? 1 : 0;
      expect(allocate(plan).places).toBeLessThanOrEqual(Math.max(...live) + unread);
    }),
  );
});

test.each([
  ['euler', 3],
  ['heun', 4],
  ['ipndm-4', 6],
  ['dpmpp-3m', 5],
])('%s needs no more than %i places however many steps there are', (name, most) => {
  for (const steps of [6, 30]) {
    expect(allocate(solverByName(name).plan(polynomial().times(steps))).places).toBeLessThanOrEqual(most);
  }
});

test.each(solvers)('$name: every operation belongs to its step of the grid', (solver) => {
  const plan = solver.plan(polynomial().times(6));
  const steps = stepsOf(plan);
  for (const [step, slot] of plan.states.slice(1).entries()) {
    const end = plan.operations.findIndex((operation) => operation.out === slot);
    expect(steps[end]).toBe(step);
    expect(steps.slice(end + 1).every((later) => later > step)).toBe(true);
  }
});

test('a plan is data: it reads back from JSON and runs the same', () => {
  const field = hostField(2, (x, sigma, out) => out.set(x.map((value) => value / (1 + sigma))));
  const plan = solverByName('unipc-3').plan(polynomial().times(5));
  const copy = JSON.parse(JSON.stringify(plan)) as Plan;
  const x = [1, 2, 3, 4];
  expect(solveReference(field, copy, { latents: x })).toEqual(solveReference(field, plan, { latents: x }));
});

test('the builder counts the columns that operations read', () => {
  const b = new PlanBuilder([2, 1]);
  const d = b.velocity(b.start, perTrajectory(1));
  b.reach(b.combine([1, b.start], [perTrajectory(4, -1), d]));
  expect(b.finish('by hand').columns).toBe(5);
});

test('a solver that does not reach all times is refused', () => {
  expect(() => new PlanBuilder([2, 1]).finish('lazy')).toThrow('lazy reached 1 of 2 times');
});
