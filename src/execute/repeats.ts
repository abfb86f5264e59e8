import { type Evaluate, inputsOf, type Plan, type Scalar, type Slot } from '../solver/plan.js';

/**
 * How many of a run's trajectories each operation is done for, where the others come to what has been done already: of a
 * slot in which it has no row, trajectory i has what trajectory i mod `period` has. Columns are the same for a period of
 * trajectories, a variant.
 */
export interface Repeats {
  /** A multiple of 4. */
  period: number;
  /** Of each operation, the trajectories from the first on; multiples of the period. */
  rows: readonly number[];
}

/** Repeats of a run, with all that its operations read in its place. */
export interface PlacedRepeats extends Repeats {
  variants: number;
  /** Of each slot. */
  slotRows: readonly number[];
  /** Of evaluations, by operation, what they are told, one value a trajectory. */
  told: ReadonlyMap<number, Pick<Evaluate, 'time' | 'divisor'>>;
  /** Columns that are written once more for what evaluations are told, behind the others. */
  spread: readonly { column: number; start: number; count: number }[];
  /** Numbers of all columns: [plan.columns, variants], and those that are spread. */
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
  const whole = new Set(wanted);
  // An evaluation finds its states one behind the other: who writes them writes all that it reads.
  const rowsOf = (slot: Slot, own: number) => {
    const read = plan.operations.map((operation, i) =>
      operation.kind === 'evaluate' && inputsOf(operation).includes(slot) ? rows[i] : 0,
    );
    return whole.has(slot) ? batch : Math.max(own, ...read);
  };
  const slotRows = new Array<number>(plan.slots).fill(batch);
  for (let i = rows.length - 1; i >= 0; i--) {
    const { out } = plan.operations[i];
    rows[i] = rowsOf(out, rows[i]);
    slotRows[out] = rows[i];
  }
  const [latents] = plan.states;
  slotRows[latents] = rowsOf(latents, period);
  const variants = batch / period;
  const told = new Map<number, Pick<Evaluate, 'time' | 'divisor'>>();
  const spread: PlacedRepeats['spread'][number][] = [];
  let numbers = plan.columns * variants;
  for (const [i, operation] of plan.operations.entries()) {
    if (operation.kind !== 'evaluate') continue;
    const count = rows[i];
    // An evaluation of m trajectories finds a column at a multiple of m.
    const spreadOut = (scalar: Scalar): Scalar => {
      if (typeof scalar === 'number') return scalar;
      const column = Math.ceil(numbers / count);
      spread.push({ column: scalar.column, start: column * count, count });
      numbers = (column + 1) * count;
      return { ...scalar, column };
    };
    const divisor = operation.output === 'velocity' ? spreadOut(operation.divisor) : 1;
    told.set(i, { time: spreadOut(operation.time), divisor });
  }
  return { period, rows, variants, slotRows, told, spread, numbers };
}

/**
 * Writes the columns of a run as its operations read them.
 * @param columns [plan.columns, variants]
 * @param target [numbers]
 */
export function spreadColumns(
  { period, variants, spread }: PlacedRepeats,
  columns: Float32Array,
  target: Float32Array,
): void {
  target.set(columns);
  for (const { column, start, count } of spread) {
    for (let v = 0; v * period < count; v++) {
      const at = start + v * period;
      target.fill(columns[column * variants + v], at, at + period);
    }
  }
}
