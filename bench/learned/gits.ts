import { gitsGrid, searchGits } from '../../src/search/gits.js';
import type { Context } from './context.js';
import type { Row } from './row.js';
import { candidatesOn, showBest } from './unlearned.js';

/** The same solvers on the grid that a search on the field gave: the best by mean and by median, with hindsight too. */
export async function gitsRows(context: Context, nfe: number): Promise<Row[]> {
  const search = await searchGits(context.gpu, context.field);
  const candidates = await candidatesOn(context, nfe, 'gits', (afs) => [gitsGrid(search, { afs })]);
  const { seconds, evaluations, trajectories } = search.cost;
  const best = await showBest(context, candidates);
  return best.map(({ row, plan }) => ({
    ...row,
    seconds,
    teacherEvaluations: evaluations * trajectories,
    answers: { times: plan.times },
  }));
}
