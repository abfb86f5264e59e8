import { SEARCHED_GRIDS } from '../../src/distill/learnable/start.js';
import type { Context } from './context.js';
import type { Row } from './row.js';
import { candidatesOn, showBest } from './unlearned.js';

/**
 * Besides the grids that a search for a start chooses among. With AFS they are the best that there is of few evaluations on
 * networks: on that of digits the least mean error at NFE 3, 5, 7 and 10 is 0.55 to 0.63 times that on the six others.
 */
const FURTHER_GRIDS = ['time_uniform:2', 'time_uniform:3', 'process_time:flow'];

/** All solvers that learned nothing on every grid with a rule; what is best of them is so with hindsight. */
export async function plainRows(context: Context, nfe: number): Promise<Row[]> {
  const candidates = await candidatesOn(context, nfe, 'plain', () => [...SEARCHED_GRIDS, ...FURTHER_GRIDS]);
  await showBest(context, candidates);
  return candidates.map(({ row }) => row);
}
