import { scoreOf } from '../../src/distill/score.js';
import type { Grid } from '../../src/grid/grid.js';
import type { Plan } from '../../src/solver/plan.js';
import { planFor } from '../../src/solver/plan-for.js';
import { reachesNfe, solvers } from '../../src/solver/registry.js';
import { type Context, measurePlan } from './context.js';
import type { Row } from './row.js';

/** A solver that learned nothing, as a row and as what can be solved again. */
export interface Candidate {
  row: Row;
  plan: Plan;
}

/** Every solver that learned nothing, with and without AFS, on each grid. */
export async function candidatesOn(
  { gpu, field, exact, seed }: Context,
  nfe: number,
  kind: string,
  gridsOf: (afs: boolean) => readonly (string | Grid)[],
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const solver of solvers) {
    for (const afs of [false, true]) {
      if (!reachesNfe(solver, nfe, { afs })) continue;
      for (const grid of gridsOf(afs)) {
        const plan = planFor({ solver: solver.name, nfe, grid, afs });
        const test = await scoreOf(gpu, field, plan, exact);
        const name = typeof grid === 'string' ? grid : grid.name;
        candidates.push({ plan, row: { nfe, seed, kind, solver: solver.name, grid: name, afs, test } });
      }
    }
  }
  return candidates;
}

/** Those with the least mean and the least median error, with all that there is to show of them: one, or two. */
export async function showBest(context: Context, candidates: readonly Candidate[]): Promise<Candidate[]> {
  const least = (by: 'mean' | 'median') =>
    candidates.reduce((best, each) => (each.row.test[by] < best.row.test[by] ? each : best));
  const best = [...new Set([least('mean'), least('median')])];
  for (const { row, plan } of best) Object.assign(row, await measurePlan(context, plan));
  return best;
}
