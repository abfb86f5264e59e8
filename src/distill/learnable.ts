import { checkEntries, isObject, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { Plan } from '../solver/plan.js';
import { type PlanFamily, planFamily, probes } from '../solver/plan-family.js';

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

/** A solver that is to learn, as `distillTimes` and `distillTable` take it. */
interface Student {
  solver: object;
  options?: object;
  afs?: boolean;
  grids: readonly NamedTimes[];
}

/**
 * @param method that the solver has to have
 * @throws FewstepError bad-argument for what is no student
 */
export function checkStudent(student: Student, method: 'plan' | 'planWith', remedy: string): void {
  checkEntries('the student', student, { solver: true, options: false, afs: false, grids: true });
  const { solver, grids } = student;
  if (!isObject(solver) || typeof solver[method] !== 'function') {
    throw new FewstepError(
      'bad-argument',
      `the student's solver is ${shown(solver)}, not a solver of its kind`,
      remedy,
    );
  }
  if (Array.isArray(grids) && grids.length > 0 && grids.every((grid) => Array.isArray(grid?.times))) return;
  throw new FewstepError(
    'bad-argument',
    `the student's grids are ${shown(grids)}`,
    "list one or more, each as { name: 'logsnr', times: [80, .., 0.002] }",
  );
}

/** A student's plans on one grid. */
export function familyOn(student: Learnable, { times }: NamedTimes): PlanFamily {
  const { length } = student.untrained(times.length - 1);
  return planFamily((parameters) => student.plan(times, parameters), probes(length));
}
