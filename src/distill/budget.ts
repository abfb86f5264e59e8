import { checkEntries, shown } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';

export const BUDGET_UNITS = ['seconds', 'iterations', 'trajectories', 'evaluations'] as const;

/**
 * How much the distillation of a bespoke solver, a table of answers or times may take in all, the teacher aside: wall
 * time, iterations of Gauss-Newton, trajectories of their batches, or evaluations of the field. The search counts where the
 * unit is seconds or evaluations. It runs whole, but of few evaluations it takes a third: with fewer trajectories.
 */
export interface Budget {
  amount: number;
  unit: (typeof BUDGET_UNITS)[number];
}

/** @throws FewstepError bad-argument, unknown-name for its unit */
export function checkBudget(budget: Budget): void {
  checkEntries<Budget>('the budget', budget, { amount: true, unit: true });
  const { amount, unit } = budget;
  if (!BUDGET_UNITS.includes(unit)) throw unknownName('unit of a budget', String(unit), BUDGET_UNITS);
  if (Number.isFinite(amount) && amount > 0) return;
  throw new FewstepError('bad-argument', `the budget is ${shown(amount)} ${unit}`, 'give a number above 0');
}

/** Part of a budget that goes into choosing among candidates; less where they do not need so much. */
const CHOOSING_SHARE = 1 / 2;
/** Of many candidates so many become finalists, which are trained so many times as long as each of them. */
const [FINALISTS_SHARE, FINALISTS_LENGTH] = [1 / 3, 3];
/** With fewer there is one round only. */
const MANY = 4;
/**
 * Iterations of each candidate below which choosing costs more than it gains: of 120 in all the best start alone ended 0.87
 * times as far off, by mean, as the best of 14, of which each had two (ring, mixture-64 and two moons' network, NFE 3 and
 * 5, seed 0).
 */
const LEAST_EACH = 4;
/** Part of a budget in evaluations that the search may take. */
export const SEARCH_SHARE = 1 / 3;
/** Trajectories of the smallest search. */
export const FEWEST_SEARCHED = 16;
/** Part of such a budget that the teacher may make besides, for each NFE. */
const TEACHER_SHARE = 1 / 2;
/** Part of the teacher's trajectories that choices are made by. */
const VALIDATION_SHARE = 1 / 5;
/** Trajectories of a teacher, fewer of which tell nothing. */
const FEWEST = { trajectories: 256, validation: 64 };

/** How many of some candidates are trained once more before the best of them is chosen. */
export function finalistsOf(candidates: number): number {
  return candidates < MANY ? 0 : Math.ceil(FINALISTS_SHARE * candidates);
}

/**
 * Iterations of each of some candidates, of each finalist, and of the table that the best of them becomes.
 * @param total of all stages
 * @param most of each candidate
 */
export function sharedIterations(
  total: number,
  candidates: number,
  most: number,
): { each: number; finalist: number; table: number } {
  const length = candidates + FINALISTS_LENGTH * finalistsOf(candidates);
  // A single candidate needs no choosing.
  const even = Math.min(most, Math.floor((CHOOSING_SHARE * total) / length));
  const each = candidates > 1 && even >= Math.min(most, LEAST_EACH) ? even : 0;
  return { each, finalist: FINALISTS_LENGTH * each, table: total - length * each };
}

/** Iterations of all stages, where none is limited. */
export function allIterations(candidates: number, each: number, table: number): number {
  return (candidates + FINALISTS_LENGTH * finalistsOf(candidates)) * each + table;
}

/**
 * Iterations that a budget allows; undefined for seconds, which say so only when some were run, and for evaluations, of
 * which an iteration takes as many as its form has numbers for.
 */
export function countedIterations({ amount, unit }: Budget, batch: number): number | undefined {
  if (unit === 'seconds' || unit === 'evaluations') return undefined;
  return Math.floor(unit === 'iterations' ? amount : amount / batch);
}

/**
 * Trajectories of a search that keeps to its part of a budget in evaluations.
 * @param cost evaluations of a search with so many
 * @param whole as many as it has without a budget
 */
export function searchTrajectories(
  budget: Budget | undefined,
  cost: (trajectories: number) => number,
  whole: number,
): number {
  if (budget?.unit !== 'evaluations') return whole;
  const fixed = cost(0);
  const fitting = Math.floor((whole * (SEARCH_SHARE * budget.amount - fixed)) / (cost(whole) - fixed));
  return Math.min(whole, Math.max(FEWEST_SEARCHED, fitting));
}

/**
 * Trajectories that the teacher makes unless somebody says: with a budget in evaluations so many that it takes at most half
 * as many as the students do.
 * @param usual of training and validation, without such a budget
 */
export function teacherTrajectories(
  budget: Budget | undefined,
  usual: typeof FEWEST,
  { students, teacherNfe }: { students: number; teacherNfe: number },
): typeof FEWEST {
  if (budget?.unit !== 'evaluations') return usual;
  const all = (TEACHER_SHARE * students * budget.amount) / teacherNfe;
  const within = (name: keyof typeof FEWEST, share: number) =>
    Math.min(usual[name], Math.max(FEWEST[name], Math.floor(share * all)));
  return {
    trajectories: within('trajectories', 1 - VALIDATION_SHARE),
    validation: within('validation', VALIDATION_SHARE),
  };
}
