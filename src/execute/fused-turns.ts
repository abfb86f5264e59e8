import type { StructValue } from '../gpu/layout.js';
import {
  type Combine,
  type EulerAt,
  type Evaluate,
  inputsOf,
  type Noise,
  type Operation,
  type Plan,
  type Scalar,
  type Slot,
  stepsOf,
} from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';

/** Where a fused run holds things. */
export interface FusedPlaces {
  /** Registers of a kernel. */
  places: number;
  /** The register of a slot. */
  register(slot: Slot): number;
  /** Where a slot is wanted in memory, in numbers; 0 where it is not. */
  wantedAt(slot: Slot): number;
  /** Where the n-th constant stands in memory, in numbers. */
  constantAt(n: number): number;
  /** The step that a predictor is asked about at the end of an operation; -1 is before the first one. */
  askedAfter?: ReadonlyMap<number, number>;
}

type Struct = Record<string, StructValue[string]>;

/**
 * A plan as turns of a combination and, mostly, an evaluation of it: struct Turn of shaders/fused/plan.wgsl. An
 * evaluation joins the combination before it where that made its state, and so its state is never read again. Noise
 * joins the combination whose sum nothing else reads.
 */
export function fusedTurns(plan: Plan, given: FusedPlaces): Struct[] {
  const steps = stepsOf(plan);
  const turns: Struct[] = [];
  let constants = 0;
  let last: Slot | undefined;
  const reads = new Array<number>(plan.slots).fill(0);
  for (const slot of plan.operations.flatMap(inputsOf)) reads[slot]++;
  const combine = (own: Struct, slot: Slot, step: number) => {
    turns.push({ ...EMPTY, ...own, place: given.register(slot), keep: given.wantedAt(slot), step });
    last = slot;
  };
  const copy = (slot: Slot, step: number) => combine({ terms: terms([[1, slot]], given) }, slot, step);
  const ask = (operation: number) => {
    const step = given.askedAfter?.get(operation);
    if (step === undefined) return;
    turns[turns.length - 1].asks = step;
    last = undefined; // What follows may read the answers.
  };
  if (given.askedAfter?.has(-1)) copy(plan.states[0], 0);
  ask(-1);
  for (const [i, operation] of plan.operations.entries()) {
    if (operation.kind === 'evaluate') {
      if (last !== operation.state) copy(operation.state, steps[i]);
      Object.assign(turns[turns.length - 1], evaluation(operation, given));
      last = undefined;
      ask(i);
      // Only combinations are written to memory.
      if (given.wantedAt(operation.out) > 0) copy(operation.out, steps[i]);
    } else if (operation.kind === 'noise') {
      const { state, scale, draw, out } = operation;
      const joins = last === state && given.wantedAt(state) === 0 && reads[state] === 1;
      if (!joins) copy(state, steps[i]);
      const place = { place: given.register(out), keep: given.wantedAt(out), step: steps[i] };
      Object.assign(turns[turns.length - 1], { noise: scale, draw, ...place });
      last = out;
    } else {
      const start = operation.kind === 'constant' ? given.constantAt(constants++) : -1;
      combine({ start, ...combination(operation, given) }, operation.out, steps[i]);
      ask(i);
    }
  }
  return turns;
}

const NONE = scalarStruct(0);
const EMPTY: Struct = {
  answer: 0,
  evaluates: 0,
  start: -1,
  euler: -1,
  velocity: 0,
  asks: -1,
  noise: 0,
  draw: 0,
  time: NONE,
  divisor: NONE,
  euler_start: NONE,
  euler_at: NONE,
  euler_scale: NONE,
};

function evaluation({ time, divisor, output, out }: Evaluate, { register }: FusedPlaces): Struct {
  return {
    evaluates: 1,
    answer: register(out),
    velocity: output === 'velocity' ? 1 : 0,
    time: scalarStruct(time),
    divisor: scalarStruct(divisor),
  };
}

function combination(operation: Exclude<Operation, Evaluate | Noise>, given: FusedPlaces): Struct {
  switch (operation.kind) {
    case 'constant':
      return { terms: terms([], given) };
    case 'combine':
      return { terms: terms(operation.terms.map(termOf), given) };
    case 'euler-at':
      return eulerAt(operation, given);
  }
}

function eulerAt({ state, velocity, at, start, scale }: EulerAt, given: FusedPlaces): Struct {
  if (typeof at === 'number' && typeof start === 'number' && typeof scale === 'number') {
    const step = scale * (at - start);
    return {
      terms: terms(
        [
          [1, state],
          [step, velocity],
        ],
        given,
      ),
    };
  }
  return {
    euler: given.register(velocity),
    euler_start: scalarStruct(start),
    euler_at: scalarStruct(at),
    euler_scale: scalarStruct(scale),
    terms: terms([[1, state]], given),
  };
}

function termOf({ coefficient, slot }: Combine['terms'][number]): [Scalar, Slot] {
  return [coefficient, slot];
}

/** A coefficient for each place, 0 where it is not a term. */
function terms(of: readonly [Scalar, Slot][], { places, register }: FusedPlaces): StructValue[] {
  const row = new Array<Scalar>(places).fill(0);
  for (const [coefficient, slot] of of) row[register(slot)] = plus(row[register(slot)], coefficient);
  return row.map((scalar) => scalarStruct(scalar));
}

/** Whether a combination takes one slot twice, with coefficients of two columns, of which a turn has room for one. */
export function addsColumns({ operations }: Plan): boolean {
  return operations.some((operation) => {
    if (operation.kind !== 'combine') return false;
    const columnOf = new Map<Slot, number>();
    return operation.terms.some(({ coefficient, slot }) => {
      if (typeof coefficient === 'number') return false;
      const before = columnOf.get(slot) ?? coefficient.column;
      columnOf.set(slot, coefficient.column);
      return before !== coefficient.column;
    });
  });
}

/** A slot may stand twice in a combination. */
function plus(a: Scalar, b: Scalar): Scalar {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'number') return plus(b, a);
  if (typeof b === 'number') return { ...a, offset: a.offset + b };
  if (a.column === b.column)
    return { column: a.column, scale: a.scale + b.scale, offset: a.offset + b.offset };
  throw new Error('two columns of one slot: addsColumns tells of them before');
}
