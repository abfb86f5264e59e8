import { type Evaluate, inputsOf, type Plan, type Scalar, type Slot } from '../solver/plan.js';

/**
 * How many of a run's trajectories each operation is done for, where the others come to what has been done already: of a
 * slot in which it has no row, trajectory i has what trajectory i mod `period` has.
 */
export interface Repeats {
  /** A multiple of 4. */
  period: number;
  /** Of each operation, the trajectories from the first on; multiples of the period. */
  rows: readonly number[];
}

/** Repeats of a run, with all that its operations read in its place. */
export interface PlacedRepeats extends Repeats {
  /** Of each slot. */
  slotRows: readonly number[];
  /** Of evaluations of a part of the trajectories, by operation, what they are told. */
  told: ReadonlyMap<number, Pick<Evaluate, 'time' | 'divisor'>>;
  /** Columns whose first numbers are copied behind the others. */
  copies: readonly { column: number; start: number; count: number }[];
  /** Numbers of all columns, the copies included. */
  numbers: number;
}

/**
 * @param batch trajectories of the run, all of them at once
 * @param wanted slots of which all are wanted
 */
export function placedRepeats(
  plan: Plan,
  { period, rows: given }: Repeats,
  batch: number,
  wanted: Iterable<Slot>,
): PlacedRepeats {
  const rows = [...given];
  const slotRows = new Array<number>(plan.slots).fill(batch);
  const whole = new Set(wanted);
  // An evaluation finds its states one behind the other: who writes them writes all that it reads.
  for (let i = rows.length - 1; i >= 0; i--) {
    const { out } = plan.operations[i];
    const read = plan.operations.map((operation, j) =>
      operation.kind === 'evaluate' && inputsOf(operation).includes(out) ? rows[j] : 0,
    );
    rows[i] = whole.has(out) ? batch : Math.max(rows[i], ...read);
    slotRows[out] = rows[i];
  }
  const told = new Map<number, Pick<Evaluate, 'time' | 'divisor'>>();
  const copies: { column: number; start: number; count: number }[] = [];
  let numbers = plan.columns * batch;
  for (const [i, operation] of plan.operations.entries()) {
    const count = rows[i];
    if (operation.kind !== 'evaluate' || count === batch) continue;
    // An evaluation of m trajectories finds a column at a multiple of m.
    const copied = (scalar: Scalar): Scalar => {
      if (typeof scalar === 'number') return scalar;
      const column = Math.ceil(numbers / count);
      copies.push({ column: scalar.column, start: column * count, count });
      numbers = (column + 1) * count;
      return { ...scalar, column };
    };
    const divisor = operation.output === 'velocity' ? copied(operation.divisor) : 1;
    told.set(i, { time: copied(operation.time), divisor });
  }
  return { period, rows, slotRows, told, copies, numbers };
}
