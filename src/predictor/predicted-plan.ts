import type { AmedFormula, AmedSolver } from '../solver/amed.js';
import { amedFamily } from '../solver/amed-family.js';
import type { SolverSettings } from '../solver/define.js';
import { type Evaluate, type Operation, type Plan, stepsOf } from '../solver/plan.js';
import type { PlanFamily } from '../solver/plan-family.js';

/** What is added to the network's logits: of r, of the direction's scale and of that of the time. */
export type LogitOffset = readonly [r: number, direction: number, time: number];

/** A plan whose columns a predictor fills while it runs. */
export interface PredictedPlan {
  /** The columns as functions of the answers, [3 steps]. */
  family: PlanFamily;
  plan: Plan;
  formula: AmedFormula;
  /** One a step of the grid. */
  steps: PredictedStep[];
}

/** One step of the grid: when its predictor is asked, and which columns its answers become. */
export interface PredictedStep {
  /** Sigma at both ends, t_c and t_n. */
  current: number;
  next: number;
  /** What is added to the network's logits in this step: where a table had learned something before it. */
  offset: LogitOffset;
  /** The operation before which the predictor is asked: the first that reads what it answers. */
  before: number;
  /** The first operation that belongs to the step, and one past the last. */
  first: number;
  end: number;
  /** The evaluation at t_c; none where that is analytical. */
  evaluation?: Evaluate;
  /** The columns of t_m and of what the field is told there; -1 for none. */
  middle: number;
  told: number;
  /** Times of the evaluations before t_c, newest first; a column where it is an earlier t_m. */
  past: { time: number; column: number; stepsAgo: number }[];
  /** In their order. */
  updates: PredictedUpdate[];
}

/** A combination whose coefficients follow from what the predictor answers. */
export interface PredictedUpdate {
  /** Whether it goes from t_m to t_n, or over the whole step: its contributions are scaled. */
  second: boolean;
  /** Evaluations that it combines. */
  order: number;
  /** Whether it is UniPC's corrector. */
  corrects: boolean;
  /** The column of each term's coefficient, the state's first; -1 where that is the same for all, or stands elsewhere. */
  columns: number[];
}

/** The slots that the predictor reads by itself, and before which operation. */
export function slotsRead({ steps }: PredictedPlan): { slot: number; before: number }[] {
  return steps.flatMap(({ evaluation, before }) =>
    evaluation ? [evaluation.state, evaluation.out].map((slot) => ({ slot, before })) : [],
  );
}

/** The evaluations before t_c that formulas may use. */
const PAST = 3;

/**
 * What a network that answers per trajectory needs to know of a solver's plan.
 * @param offsets of the logits, one a step; none by default, as published
 */
export function predictedPlan(
  solver: AmedSolver,
  times: readonly number[],
  settings: SolverSettings & { scaled: { direction: boolean; time: boolean } },
  offsets: readonly LogitOffset[] = [],
): PredictedPlan {
  const family = amedFamily(solver, times, settings);
  const { plan } = family;
  const { formula } = solver;
  const twoStage = formula === 'single' || formula === 'double';
  const intervals = stepsOf(plan);
  const columnAt = (operation: number, place: number) =>
    family.sources.findIndex((source) => source.operation === operation && source.place === place);
  const middles: number[] = [];
  const steps = times.slice(1).map((next, n): PredictedStep => {
    const current = times[n];
    const own = [...plan.operations.keys()].filter(
      (i) => (twoStage ? intervals[i] : intervals[i] >> 1) === n,
    );
    // t_m is divided by in the one evaluation whose divisor is a column; what the field is told may be another column.
    const look = own.find((i) => {
      const operation = plan.operations[i];
      return operation.kind === 'evaluate' && typeof operation.divisor !== 'number';
    })!;
    const { divisor, time } = plan.operations[look] as Evaluate;
    const middle = columnOf(divisor);
    middles.push(middle);
    const told = columnOf(time) === middle ? -1 : columnOf(time);
    const updates = own.flatMap((i): PredictedUpdate[] => {
      const operation = plan.operations[i];
      if (operation.kind !== 'combine' || operation.terms.length < 2) return [];
      const interval = own.filter((j) => intervals[j] === intervals[i] && j < i);
      const corrects = formula === 'unipc' && interval.some((j) => isUpdate(plan.operations[j]));
      return [
        {
          second: twoStage || intervals[i] % 2 === 1,
          order: operation.terms.length - (corrects ? 2 : 1),
          corrects,
          columns: operation.terms.map((_, place) => columnAt(i, place)),
        },
      ];
    });
    const mine = new Set([middle, told, ...updates.flatMap(({ columns }) => columns)].filter((c) => c >= 0));
    const before = own.find((i) => readsAny(plan.operations[i], mine))!;
    const evaluated = own.findLast((i) => i < before && plan.operations[i].kind === 'evaluate');
    // UniPC evaluates at the end of a step what the next one begins with.
    const earlier = plan.operations.slice(0, before).findLast((operation) => operation.kind === 'evaluate');
    const evaluation = evaluated === undefined ? earlier : (plan.operations[evaluated] as Evaluate);
    return {
      current,
      next,
      offset: offsets[n] ?? [0, 0, 0],
      before,
      first: own[0],
      end: own[own.length - 1] + 1,
      evaluation: n === 0 && plan.afs ? undefined : (evaluation as Evaluate | undefined),
      middle,
      told,
      past: pastOf(times, middles, n),
      updates,
    };
  });
  return { family, plan, formula, steps };
}

/** On the doubled grid: t_m of the step before, where that began, and the t_m before. */
function pastOf(times: readonly number[], middles: readonly number[], n: number): PredictedStep['past'] {
  const past = [];
  for (let ago = 1; ago <= n && past.length < PAST; ago++) {
    past.push({ time: 0, column: middles[n - ago], stepsAgo: ago });
    past.push({ time: times[n - ago], column: -1, stepsAgo: 0 });
  }
  return past.slice(0, PAST);
}

function isUpdate(operation: Operation): boolean {
  return operation.kind === 'combine' && operation.terms.length > 1;
}

function columnOf(scalar: Evaluate['time']): number {
  return typeof scalar === 'number' ? -1 : scalar.column;
}

function readsAny(operation: Operation, columns: ReadonlySet<number>): boolean {
  switch (operation.kind) {
    case 'evaluate':
      return columns.has(columnOf(operation.time)) || columns.has(columnOf(operation.divisor));
    case 'combine':
      return operation.terms.some(({ coefficient }) => columns.has(columnOf(coefficient)));
    case 'euler-at':
      return [operation.at, operation.start, operation.scale].some((scalar) => columns.has(columnOf(scalar)));
    case 'constant':
    case 'noise':
      return false;
  }
}
