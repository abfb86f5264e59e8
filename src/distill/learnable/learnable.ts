import type { Plan } from '../../solver/plan.js';
import { type PlanFamily, planFamily, probes } from '../../solver/plan-family.js';

/** A solver with parameters that are the same for all trajectories, on one of several grids. */
export interface Learnable {
  /** Times to choose from, each of as many steps; the first are the untrained base's. */
  grids: readonly NamedTimes[];
  plan(times: readonly number[], parameters: Float64Array): Plan;
  /** The parameters of the solver as it is before it learns, on a grid of so many steps. */
  untrained(steps: number): Float64Array;
  /** Those that give each step its r and change nothing else, of a solver that looks somewhere in each. */
  withR?(r: readonly number[]): Float64Array;
}

/** The decreasing times of a grid, sigma, and what they are called. */
export interface NamedTimes {
  name: string;
  times: number[];
}

/** A student's plans on one grid. */
export function familyOn(student: Learnable, { times }: NamedTimes): PlanFamily {
  const { length } = student.untrained(times.length - 1);
  return planFamily((parameters) => student.plan(times, parameters), probes(length));
}
