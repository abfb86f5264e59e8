export const BUDGET_UNITS = ['seconds', 'iterations', 'trajectories'] as const;

/**
 * How much the distillation of a bespoke solver may take in all, the teacher aside: wall time, iterations of
 * Gauss-Newton, or trajectories of their batches. The search runs whole, and counts only where the unit is seconds.
 */
export interface Budget {
  amount: number;
  unit: (typeof BUDGET_UNITS)[number];
}

/** Part of a budget that goes into choosing among candidates; less where they do not need so much. */
const CHOOSING_SHARE = 1 / 2;
/** Of many candidates so many become finalists, which are trained so many times as long as each of them. */
const [FINALISTS_SHARE, FINALISTS_LENGTH] = [1 / 3, 3];
/** With fewer there is one round only. */
const MANY = 4;

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
  const each = candidates > 1 ? Math.min(most, Math.floor((CHOOSING_SHARE * total) / length)) : 0;
  return { each, finalist: FINALISTS_LENGTH * each, table: total - length * each };
}

/** Iterations of all stages, where none is limited. */
export function allIterations(candidates: number, each: number, table: number): number {
  return (candidates + FINALISTS_LENGTH * finalistsOf(candidates)) * each + table;
}

/** Iterations that a budget allows; undefined for seconds, which say so only when some were run. */
export function countedIterations({ amount, unit }: Budget, batch: number): number | undefined {
  if (unit === 'seconds') return undefined;
  return Math.floor(unit === 'iterations' ? amount : amount / batch);
}
