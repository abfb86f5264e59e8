import { checkTimes, type SigmaRange } from '../grid/grid.js';
import { type BespokeForm, type BespokeFormula, type BespokeStart, bespokePlan } from '../solver/bespoke.js';
import type { Plan } from '../solver/plan.js';
import type { DataFigures } from './network-predictor.js';
import type { Schedule } from './predictor.js';

/** Bespoke solvers for one field, one for each NFE: all times and coefficients are learned, the same for all trajectories. */
export interface BespokePredictor {
  kind: 'bespoke';
  solver: 'bespoke';
  afs: false;
  range: SigmaRange;
  /** Of the teacher's end points. */
  data: DataFigures;
  schedules: BespokeSchedule[];
}

/** `grid` says what the solver began as, `times` are those of its plan. */
export interface BespokeSchedule extends Schedule {
  formula: BespokeFormula;
  start: BespokeStart;
  /** [bespokeLayout.size]. */
  numbers: Float64Array;
}

/** What a solver began as, for people: 'ipndm-3 after gaussian, polynomial:5 from 3.56'. */
export function beganAs({
  form,
  grid,
}: {
  form: Pick<BespokeForm, 'formula' | 'start'>;
  grid: string;
}): string {
  return `${form.formula}${form.start === 'none' ? '' : ` after ${form.start}`}, ${grid}`;
}

/**
 * A learned solver as a predictor's schedule.
 * @param began what it began as
 * @throws FewstepError bad-grid for numbers whose times do not decrease
 */
export function bespokeSchedule(form: BespokeForm, numbers: Float64Array, began: string): BespokeSchedule {
  const { nfe, formula, start } = form;
  const times = [...bespokePlan(form, numbers).times];
  checkTimes(times);
  return { nfe, grid: began, times, formula, start, numbers };
}

/** The form whose numbers a schedule has. */
export function formOf(
  { range, data }: Pick<BespokePredictor, 'range' | 'data'>,
  { nfe, formula, start }: Pick<BespokeSchedule, 'nfe' | 'formula' | 'start'>,
): BespokeForm {
  return { formula, start, nfe, range, data: { mean: [...data.mean], std: data.std } };
}

/** The plan of one of the schedules. */
export function planOfSchedule(
  predictor: Pick<BespokePredictor, 'range' | 'data'>,
  schedule: BespokeSchedule,
): Plan {
  return bespokePlan(formOf(predictor, schedule), schedule.numbers);
}
