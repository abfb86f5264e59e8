import { SEARCHED_GRIDS } from '../../src/distill/learnable/start.js';
import type { Context } from './context.js';
import type { Row } from './row.js';
import { candidatesOn, showBest } from './unlearned.js';

/** All solvers that learned nothing on every grid that a search chooses among; what is best of them is so with hindsight. */
export async function plainRows(context: Context, nfe: number): Promise<Row[]> {
  const candidates = await candidatesOn(context, nfe, 'plain', () => SEARCHED_GRIDS);
  await showBest(context, candidates);
  return candidates.map(({ row }) => row);
}
