import type { Plan, Scalar } from '../solver/plan.js';

/**
 * Which trajectories of a run ask the field, where what the others would ask has been asked already: from a number of
 * trajectories on, each has of an evaluation what the one has that is a multiple of `period` before it.
 */
export interface Asking {
  /** A multiple of 4. */
  period: number;
  /** Of each evaluation, in the plan's order, how many trajectories ask: a multiple of the period. */
  counts: readonly number[];
}

/** An evaluation of the first trajectories alone. */
export interface PartEvaluation {
  count: number;
  time: Scalar;
  divisor: Scalar;
}

/** The evaluations of a run of which not all trajectories ask, and where the columns are that they read. */
export interface PartEvaluations {
  period: number;
  /** By operation. */
  evaluations: ReadonlyMap<number, PartEvaluation>;
  /** Columns that are copied behind the others, their first `count` numbers to `start`. */
  copies: readonly { column: number; start: number; count: number }[];
  /** Numbers of all columns, the copies included. */
  numbers: number;
}

/**
 * An evaluation of m trajectories finds a column at a multiple of m, as it does where there are no more of them: so what
 * it reads of the columns is copied to such a place.
 * @param batch trajectories of the run, all of them at once
 */
export function partEvaluations(plan: Plan, batch: number, { period, counts }: Asking): PartEvaluations {
  const evaluations = new Map<number, PartEvaluation>();
  const copies: { column: number; start: number; count: number }[] = [];
  let numbers = plan.columns * batch;
  let asked = 0;
  for (const [i, operation] of plan.operations.entries()) {
    if (operation.kind !== 'evaluate') continue;
    const count = counts[asked++];
    if (count === batch) continue;
    const copied = (scalar: Scalar): Scalar => {
      if (typeof scalar === 'number') return scalar;
      const column = Math.ceil(numbers / count);
      copies.push({ column: scalar.column, start: column * count, count });
      numbers = (column + 1) * count;
      return { ...scalar, column };
    };
    const time = copied(operation.time);
    // Evaluations that return D divide by nothing.
    const divisor = operation.output === 'velocity' ? copied(operation.divisor) : 1;
    evaluations.set(i, { count, time, divisor });
  }
  return { period, evaluations, copies, numbers };
}
