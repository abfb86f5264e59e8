/** How much the distillation of a bespoke solver may take in all, the teacher aside. */
export interface Budget {
  amount: number;
  unit: 'seconds' | 'iterations' | 'trajectories';
}

/** Part of a budget that goes into choosing among candidates; less where they do not need so much. */
const CANDIDATES_SHARE = 1 / 3;

/**
 * Iterations of each of some candidates, and of the table that the best of them becomes.
 * @param total of all stages
 * @param most of each candidate
 */
export function sharedIterations(
  total: number,
  candidates: number,
  most: number,
): { each: number; table: number } {
  // A single candidate needs no choosing.
  const each = candidates > 1 ? Math.min(most, Math.floor((CANDIDATES_SHARE * total) / candidates)) : 0;
  return { each, table: total - candidates * each };
}

/** Iterations that a budget allows; undefined for seconds, which say so only when some were run. */
export function countedIterations({ amount, unit }: Budget, batch: number): number | undefined {
  if (unit === 'seconds') return undefined;
  return Math.floor(unit === 'iterations' ? amount : amount / batch);
}
