import { FewstepError } from '../errors.js';
import type { Evaluate, Operation, Plan, Scalar, Slot } from '../solver/plan.js';
import type { PlanFamily } from '../solver/plan-family.js';

/** A parameter that a network's output o moves: by width tanh(o), which stays within bounds, or by width o. */
export interface Move {
  /** Its index. */
  parameter: number;
  /** By width tanh(o), or by width o. */
  kind: 'bounded' | 'scaled';
  /** Positive. */
  width: number;
}

/** Moves that may be asked for after an evaluation: outputs of its network. */
export const MOVES = 3;

/** A solver of which everything is learned, and what of it a network moves for each trajectory. */
export interface TangentSpec {
  family: PlanFamily;
  /** Where the tangent touches, [parameters]. */
  parameters: Float64Array;
  /** After each evaluation of the plan up to three moves; one that is not there belongs to an output that is not used. */
  moves: readonly (readonly (Move | undefined)[])[];
  /** Parameters that are moved for all trajectories alike. */
  shared: readonly number[];
}

/** A column of the plan along the tangent. */
export interface TangentColumn {
  /** At the point where the tangent touches. */
  base: number;
  /** Whether it is base exp(slopes . moves), which stays positive; else base + slopes . moves. */
  logarithmic: boolean;
  /** [3 evaluations + shared]; 0 for moves that are answered only after the column was first read. */
  slopes: Float64Array;
}

/** An evaluation, after which the network is asked. */
export interface TangentEvaluation {
  /** Its index in the plan. */
  operation: number;
  /** The slots of x and of D. */
  state: Slot;
  out: Slot;
  /** What the field is told. */
  time: Scalar;
  /** D of the evaluation before. */
  previous: Slot | undefined;
  /** Three; undefined for an output that is not used. */
  moves: readonly (Move | undefined)[];
  /** The columns that are first read after it, up to and with the next evaluation. */
  columns: ColumnRange;
}

/** The columns [first, end). */
export interface ColumnRange {
  first: number;
  end: number;
}

/** A plan whose columns move along the tangent of its family while it runs. */
export interface TangentPlan {
  plan: Plan;
  columns: readonly TangentColumn[];
  /** The columns that are read before the first answer. */
  beginning: ColumnRange;
  evaluations: readonly TangentEvaluation[];
  /** How many parameters are moved for all. */
  shared: number;
}

/**
 * The tangent of a family of plans: what is told to the field as a time, or divided by, moves in its logarithm, and is
 * exact where its parameter is one; coefficients move linearly.
 * @throws FewstepError bad-argument for moves that are not the plan's, or a plan whose evaluations give velocities
 */
export function tangentPlan(spec: TangentSpec): TangentPlan {
  const { family, parameters, shared } = spec;
  const { plan } = family;
  const evaluated = [...plan.operations.entries()].filter(([, { kind }]) => kind === 'evaluate') as [
    number,
    Evaluate,
  ][];
  checkSpec(spec, evaluated);
  const base = family.values(parameters);
  const jacobian = family.jacobian(parameters);
  const told = new Set(plan.operations.flatMap(toldColumns));
  // Of each column, how many evaluations were made when it is first read.
  const answered = family.sources.map(({ operation }) => evaluated.filter(([i]) => i < operation).length);
  const moves = spec.moves.map((own) => Array.from({ length: MOVES }, (_, j) => own[j]));
  const columns = family.sources.map((_, c): TangentColumn => {
    const logarithmic = told.has(c);
    checkBase(plan, base[c], logarithmic);
    const along = (parameter: number) => jacobian[c][parameter] / (logarithmic ? base[c] : 1);
    const own = moves.flatMap((asked, k) =>
      asked.map((move) => (move && k < answered[c] ? along(move.parameter) : 0)),
    );
    return { base: base[c], logarithmic, slopes: Float64Array.of(...own, ...shared.map(along)) };
  });
  return {
    plan,
    columns,
    beginning: rangeOf(answered, 0),
    evaluations: evaluated.map(([operation, { state, out, time }], k) => ({
      operation,
      state,
      out,
      time,
      previous: k > 0 ? evaluated[k - 1][1].out : undefined,
      moves: moves[k],
      columns: rangeOf(answered, k + 1),
    })),
    shared: shared.length,
  };
}

/** A column's value after a shift along the tangent. */
export function shifted({ base, logarithmic }: TangentColumn, shift: number): number {
  return logarithmic ? base * Math.exp(shift) : base + shift;
}

/** The slots that the network reads by itself, and before which operation. */
export function slotsAsked({ evaluations }: TangentPlan): { slot: Slot; before: number }[] {
  return evaluations.flatMap(({ state, out, previous, operation }) =>
    [state, out, ...(previous === undefined ? [] : [previous])].map((slot) => ({
      slot,
      before: operation + 1,
    })),
  );
}

/** Families number their columns in the order in which a plan reads them. */
function rangeOf(answered: readonly number[], count: number): ColumnRange {
  const first = answered.findIndex((value) => value >= count);
  const end = answered.findIndex((value) => value > count);
  const { length } = answered;
  return { first: first < 0 ? length : first, end: end < 0 ? length : end };
}

function toldColumns(operation: Operation): number[] {
  if (operation.kind !== 'evaluate') return [];
  return [operation.time, operation.divisor].flatMap((scalar) =>
    typeof scalar === 'number' ? [] : [scalar.column],
  );
}

function checkBase({ solver }: Plan, base: number, logarithmic: boolean): void {
  if (Number.isFinite(base) && (!logarithmic || base > 0)) return;
  throw new FewstepError(
    'bad-argument',
    `${solver} has ${base} for ${logarithmic ? 'a time' : 'a coefficient'} where the tangent would touch`,
    'give parameters for which all times are positive and all coefficients finite',
  );
}

function checkSpec(
  { family: { plan }, parameters, moves, shared }: TangentSpec,
  evaluated: readonly [number, Evaluate][],
): void {
  const refuse = (message: string, remedy: string) => {
    throw new FewstepError('bad-argument', `${plan.solver}: ${message}`, remedy);
  };
  if (plan.columns === 0) {
    refuse('nothing of its plan depends on its parameters', 'give a family of plans that has columns');
  }
  if (evaluated.some(([, { output }]) => output !== 'denoised')) {
    refuse('an evaluation gives a velocity', 'write the solver with denoised evaluations');
  }
  if (moves.length !== evaluated.length) {
    refuse(
      `moves after ${moves.length} evaluations are given, its plan has ${evaluated.length}`,
      'give a list of moves for each evaluation',
    );
  }
  const known = (parameter: number) =>
    Number.isInteger(parameter) && parameter >= 0 && parameter < parameters.length;
  for (const move of moves.flat()) {
    if (!move || (known(move.parameter) && move.width > 0 && Number.isFinite(move.width))) continue;
    refuse(
      `a move of parameter ${move.parameter} by ${move.width}`,
      `give a positive width, and a parameter from 0 to ${parameters.length - 1}`,
    );
  }
  if (moves.some((own) => own.length > MOVES)) {
    refuse(`more than ${MOVES} moves after an evaluation`, `give at most ${MOVES}`);
  }
  if (!shared.every(known)) {
    refuse('a shared parameter that it does not have', `give parameters from 0 to ${parameters.length - 1}`);
  }
}
