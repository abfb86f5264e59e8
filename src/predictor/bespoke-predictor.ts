import { checkTimes, type SigmaRange } from '../grid/grid.js';
import { type BespokeForm, type BespokeFormula, type BespokeStart, bespokePlan } from '../solver/bespoke.js';
import type { Plan } from '../solver/plan.js';
import { bespokeTangent } from '../tangent/bespoke-moves.js';
import { tangentLayout } from '../tangent/tangent-layout.js';
import { tangentPlan } from '../tangent/tangent-plan.js';
import type { TangentPredictor } from '../tangent/tangent-predictor.js';
import type { DataFigures } from './network-predictor.js';
import type { PredictedRun, Schedule } from './predictor.js';

/**
 * Bespoke solvers for one field, one for each NFE: all times and coefficients are learned, the same for all
 * trajectories, and where a schedule has networks, moved by them for each.
 */
export interface BespokePredictor {
  kind: 'bespoke';
  /** 'bespoke-net' where a schedule has networks. */
  solver: 'bespoke' | 'bespoke-net';
  /** Its own starts take the place of AFS. */
  afs: false;
  /** Where all schedules begin and end. */
  range: SigmaRange;
  /** Of the teacher's end points. */
  data: DataFigures;
  schedules: BespokeSchedule[];
}

/** `grid` says what the solver began as, `times` are those of its plan. */
export interface BespokeSchedule extends Schedule {
  formula: BespokeFormula;
  start: BespokeStart;
  /** As `bespokeLayout` has them, [size]. */
  numbers: Float64Array;
  /** Flat parameters of the networks of all evaluations, then what moves for all trajectories. */
  network?: Float32Array;
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
 * @throws FewstepError bad-grid for numbers whose times do not decrease; as `bespokeLayout` for a form that cannot be
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

/** A schedule as it is run: its plan, and its networks where it has such. */
export function runOfSchedule(
  predictor: Pick<BespokePredictor, 'range' | 'data'>,
  schedule: BespokeSchedule,
): PredictedRun {
  const plan = planOfSchedule(predictor, schedule);
  if (!schedule.network) return { plan };
  const form = formOf(predictor, schedule);
  return runOfNetwork(form, schedule.numbers, schedule.network, predictor.data);
}

/** Networks on a table: `plan.times` are the table's own. */
function runOfNetwork(
  form: BespokeForm,
  numbers: Float64Array,
  parameters: Float32Array,
  figures: DataFigures,
): { plan: Plan; predictor: TangentPredictor } {
  const { times } = bespokePlan(form, numbers);
  const tangent = tangentPlan(bespokeTangent(form, numbers));
  const plan = { ...tangent.plan, times, solver: 'bespoke-net' };
  return { plan, predictor: { kind: 'tangent', tangent: { ...tangent, plan }, parameters, figures } };
}

/** Numbers of a schedule's networks. */
export function networkSize(form: BespokeForm, numbers: Float64Array): number {
  return tangentLayout(tangentPlan(bespokeTangent(form, numbers)), form.data.mean.length).size;
}
