import { checkEntries, shown } from '../arguments.js';
import { FewstepError, unknownName } from '../errors.js';

export const BUDGET_UNITS = ['seconds', 'iterations', 'trajectories', 'evaluations'] as const;

/**
 * How much the distillation of a bespoke solver, a table of answers or times may take in all, the teacher aside: wall
 * time, iterations of Gauss-Newton, trajectories of their batches, or evaluations of the field. The search counts where the
 * unit is seconds or evaluations. It runs whole, but for two things: of evaluations it takes a third, with fewer
 * trajectories, or more where the fewest do; and of seconds an AMED table's search goes on with r of single steps only
 * within the first third. A candidate that diverges there is evaluated once more, which is not counted.
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

/**
 * @param spelt what people write for the two
 * @throws FewstepError unreachable-budget for one of less than one iteration
 */
export function checkIterations(
  budget: Budget,
  batch: number,
  spelt: (entry: 'budget' | 'batch') => string = (entry) => entry,
): void {
  if (countedIterations(budget, batch) !== 0) return;
  throw new FewstepError(
    'unreachable-budget',
    `${spelt('budget')}: ${budget.amount} ${budget.unit} are no iteration of ${batch} trajectories`,
    `give more, or a smaller ${spelt('batch')}`,
  );
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
/** Part of a budget that the search takes at most where it may: of evaluations, and of seconds what refines starts. */
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
 * Trajectories of a search that makes no more evaluations than it may, where the fewest allow it.
 * @param cost evaluations of a search with so many trajectories
 * @param room evaluations that it may make; undefined for as many as it takes
 * @param whole trajectories that suffice
 */
export function searchTrajectories(
  cost: (trajectories: number) => number,
  room: number | undefined,
  whole: number,
): number {
  if (room === undefined) return whole;
  const fixed = cost(0);
  const each = (cost(whole) - fixed) / whole;
  if (each === 0) return whole; // nothing is compared
  return Math.min(whole, Math.max(FEWEST_SEARCHED, Math.floor((room - fixed) / each)));
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
