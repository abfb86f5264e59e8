import { SEARCHED_GRIDS } from '../../src/distill/learnable/start.js';
import type { Context } from './context.js';
import type { Row } from './row.js';
import { candidatesOn, showBest } from './unlearned.js';

/** Besides the grids that a search for a start chooses among: of three to five evaluations often the best on networks. */
const FURTHER_GRID = 'process_time:flow';

/** All solvers that learned nothing on every grid with a rule; what is best of them is so with hindsight. */
export async function plainRows(context: Context, nfe: number): Promise<Row[]> {
  const candidates = await candidatesOn(context, nfe, 'plain', () => [...SEARCHED_GRIDS, FURTHER_GRID]);
  await showBest(context, candidates);
  return candidates.map(({ row }) => row);
}
