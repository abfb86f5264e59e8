import type { Operation, Plan, Scalar, Slot } from '../solver/plan.js';
import type { OperationRange } from './plan-pass.js';

/** What a slot went into, seen on the way back: where its share of the cotangent comes from, and how much that counts. */
export interface SlotUse {
  /** Whose cotangent: that of a slot, or what the field's product left for an operation. */
  source: { slot: Slot } | { product: number };
  /** Times at - start where there is a span. */
  coefficient: Scalar;
  span?: { at: Scalar; start: Scalar };
  /** Of a product: the time that the field was told. */
  time?: Scalar;
}

/** A slot whose cotangent is the sum over its uses. */
export interface GatheredSlot {
  slot: Slot;
  uses: readonly SlotUse[];
  /** Of a velocity (x - D) / divisor: what is kept is then the cotangent of D. */
  divisor?: Scalar;
}

/** One dispatch of the way back: cotangents of slots, in this order, or a field's product at an evaluation. */
export type BackwardStep =
  | { kind: 'gather'; slots: readonly GatheredSlot[] }
  | { kind: 'product'; operation: number };

/** What one dispatch has room for: shaders/adjoint/gather.wgsl. */
export const GATHER_ROOM = { slots: 12, uses: 48 };
/** Uses that are added up at once. */
export const USES_AT_ONCE = 16;

/**
 * The way back through a plan, or a part of it, from the cotangent of its last state. What that state does not depend on
 * is left out. Between two products there is one dispatch, unless it would have more slots or uses than it has room for.
 */
export function backwardSteps(plan: Plan, part: OperationRange = wholePlan(plan)): BackwardStep[] {
  const result = lastState(plan, part);
  const uses = new Map<Slot, SlotUse[]>([[result, [soFar(result)]]]);
  const steps: BackwardStep[] = [];
  let gathered: GatheredSlot[] = [];
  const flush = () => {
    steps.push(...dispatches(gathered));
    gathered = [];
  };
  for (let i = part.end - 1; i >= part.first; i--) {
    const operation = plan.operations[i];
    const { out } = operation;
    const own = uses.get(out);
    if (!own) continue;
    uses.delete(out);
    const velocity = operation.kind === 'evaluate' && operation.output === 'velocity';
    // Nobody asks for a constant's cotangent, but perhaps for its coefficients.
    if (operation.kind !== 'constant' || own.some(({ coefficient }) => columnOf(coefficient) >= 0)) {
      gathered.push(...splitUses({ slot: out, uses: own, ...(velocity && { divisor: operation.divisor }) }));
    }
    if (operation.kind === 'evaluate') {
      flush();
      steps.push({ kind: 'product', operation: i });
    }
    for (const { slot, ...use } of usesBy(operation, i)) {
      const all = uses.get(slot) ?? [];
      all.push(use);
      uses.set(slot, all);
    }
  }
  // What was there before: the latents, and states of steps before this part.
  for (const [slot, own] of uses) {
    if (slot === 0 || own.some((use) => columnsOf(use).length > 0)) {
      gathered.push(...splitUses({ slot, uses: own }));
    }
  }
  flush();
  return steps;
}

/** The state that a part of a plan ends at, where its loss is. */
function lastState(plan: Plan, { first, end }: OperationRange): Slot {
  const written = new Set(plan.operations.slice(first, end).map(({ out }) => out));
  const last = plan.states.findLast((slot) => written.has(slot));
  if (last === undefined) throw new Error(`operations ${first} to ${end} of ${plan.solver} reach no state`);
  return last;
}

export function wholePlan({ operations }: Plan): OperationRange {
  return { first: 0, end: operations.length };
}

/** Where the inputs of an operation get their shares. */
function usesBy(operation: Operation, i: number): (SlotUse & { slot: Slot })[] {
  const source = { slot: operation.out };
  switch (operation.kind) {
    case 'combine':
      return operation.terms.map(({ slot, coefficient }) => ({ slot, source, coefficient }));
    case 'euler-at': {
      const { state, velocity, at, start, scale } = operation;
      return [
        { slot: state, source, coefficient: 1 },
        { slot: velocity, source, coefficient: scale, span: { at, start } },
      ];
    }
    case 'evaluate': {
      const { state: slot, time } = operation;
      const pulled = { slot, source: { product: i }, coefficient: 1, time };
      return operation.output === 'velocity' ? [pulled, { slot, source, coefficient: -1 }] : [pulled];
    }
    case 'constant':
    case 'noise':
      return [];
  }
}

/** The columns that a use has a gradient to. */
export function columnsOf({ coefficient, span, time }: SlotUse): number[] {
  const scalars = [
    coefficient,
    ...(span ? [span.at, span.start] : []),
    ...(time === undefined ? [] : [time]),
  ];
  return scalars.map(columnOf).filter((column) => column >= 0);
}

function columnOf(scalar: Scalar): number {
  return typeof scalar === 'number' ? -1 : scalar.column;
}

/** What a cotangent is already, as the first share of more. */
function soFar(slot: Slot): SlotUse {
  return { source: { slot }, coefficient: 1 };
}

/**
 * A slot as often as its uses take: those that are added up at once are few, and have no column in common, since
 * different lanes add to them.
 */
function splitUses({ slot, uses, divisor }: GatheredSlot): GatheredSlot[] {
  const parts: SlotUse[][] = [[]];
  let taken = new Set<number>();
  const next = () => {
    parts.push([soFar(slot)]);
    taken = new Set();
  };
  for (const use of uses) {
    const columns = columnsOf(use);
    if (parts[parts.length - 1].length === USES_AT_ONCE || columns.some((c) => taken.has(c))) next();
    parts[parts.length - 1].push(use);
    for (const column of columns) taken.add(column);
  }
  if (divisor !== undefined && taken.has(columnOf(divisor))) next();
  return parts.map((part, i) => ({
    slot,
    uses: part,
    ...(i === parts.length - 1 && divisor !== undefined && { divisor }),
  }));
}

function dispatches(gathered: readonly GatheredSlot[]): BackwardStep[] {
  const all: { kind: 'gather'; slots: GatheredSlot[] }[] = [];
  let uses = 0;
  for (const slot of gathered) {
    const last = all[all.length - 1];
    uses += slot.uses.length;
    if (last && last.slots.length < GATHER_ROOM.slots && uses <= GATHER_ROOM.uses) last.slots.push(slot);
    else {
      all.push({ kind: 'gather', slots: [slot] });
      uses = slot.uses.length;
    }
  }
  return all;
}
