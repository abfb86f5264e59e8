import { type Plan, perTrajectory } from './plan.js';
import { mapScalars, scalarsOf } from './scalars.js';

/** Plans of one structure, whose times and coefficients depend on parameters. */
export interface PlanFamily {
  /** The structure: what depends on the parameters is read from columns. */
  readonly plan: Plan;
  /** The columns for some parameters, [plan.columns], each the same for all trajectories. */
  values(parameters: Float64Array): Float64Array;
  /** Where each column stands first in the plan. */
  readonly sources: readonly ColumnSource[];
  /** Their derivatives, [plan.columns][parameters]. */
  jacobian(parameters: Float64Array): Float64Array[];
}

/** A scalar of a plan: number `place` of an operation, in the order of `mapScalars`. */
export interface ColumnSource {
  operation: number;
  place: number;
}

/**
 * Step of the central differences. A plan is a smooth function of its parameters, computed in float64 in some tens of
 * microseconds: differences err by 1e-9 where float32 gradients are multiplied by them, for every solver there is.
 */
const STEP = 1e-5;

/**
 * Finds what in a plan depends on its parameters, by making it for two of them.
 * @param make the plan for some parameters; its operations and slots must be the same for all
 * @param probes two sets of parameters that have nothing in common
 */
export function planFamily(
  make: (parameters: Float64Array) => Plan,
  probes: readonly [Float64Array, Float64Array],
): PlanFamily {
  const plan = make(probes[0]);
  const [first, second] = [plan, make(probes[1])].map(numbersOf);
  // Scalars that agree in both probes are one column: t_m is told to the field, divided by and started from.
  const columnOf = new Map<string, number>();
  const sources: number[] = [];
  const columns = first.map((value, i) => {
    if (value === second[i]) return undefined;
    const key = `${value},${second[i]}`;
    const column = columnOf.get(key) ?? sources.push(i) - 1;
    columnOf.set(key, column);
    return column;
  });
  let index = 0;
  const places: ColumnSource[] = [];
  const operations = plan.operations.map((operation, i) => {
    let place = 0;
    return mapScalars(operation, (scalar) => {
      const column = columns[index++];
      places.push({ operation: i, place: place++ });
      return column === undefined ? scalar : perTrajectory(column);
    });
  });
  const values = (parameters: Float64Array) => {
    const numbers = numbersOf(make(parameters));
    if (numbers.length !== columns.length) {
      throw new Error(`${plan.solver}: its plan has another structure for these parameters`);
    }
    return Float64Array.from(sources, (source) => numbers[source]);
  };
  return {
    plan: { ...plan, operations, columns: sources.length },
    values,
    sources: sources.map((source) => places[source]),
    jacobian(parameters) {
      const rows = sources.map(() => new Float64Array(parameters.length));
      const moved = parameters.slice();
      for (let p = 0; p < parameters.length; p++) {
        moved[p] = parameters[p] + STEP;
        const above = values(moved);
        moved[p] = parameters[p] - STEP;
        const below = values(moved);
        moved[p] = parameters[p];
        for (const [column, row] of rows.entries()) row[p] = (above[column] - below[column]) / (2 * STEP);
      }
      return rows;
    },
  };
}

function numbersOf(plan: Plan): number[] {
  return scalarsOf(plan.operations).map((scalar) => {
    if (typeof scalar === 'number') return scalar;
    throw new Error(`${plan.solver}: its plan reads columns already`);
  });
}
