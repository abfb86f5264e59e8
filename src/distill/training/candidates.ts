import { finalistsOf } from '../budget.js';
import type { FamilyState } from './family-training.js';

/** Something to begin with, and where its training is. */
export interface Candidate<C> {
  candidate: C;
  state: FamilyState;
}

/**
 * Trains each of some candidates for a little, and those that come farthest, a third of many, for longer: what is best
 * untrained often is not what ends best.
 * @param lengths iterations of each, and of each finalist
 * @returns in the order given
 */
export async function trainCandidates<C>(
  candidates: readonly Candidate<C>[],
  { each, finalist }: { each: number; finalist: number },
  train: (candidate: Candidate<C>, iterations: number) => Promise<FamilyState>,
): Promise<Candidate<C>[]> {
  const trained: Candidate<C>[] = [];
  for (const one of candidates) trained.push({ ...one, state: await train(one, each) });
  const finalists = trained.toSorted((a, b) => a.state.score.score - b.state.score.score);
  for (const one of finalists.slice(0, finalist > 0 ? finalistsOf(candidates.length) : 0)) {
    one.state = await train(one, finalist);
  }
  return trained;
}

/** The one that came farthest. */
export function winnerOf<C>(trained: readonly Candidate<C>[]): Candidate<C> {
  return trained.reduce((a, b) => (b.state.score.score < a.state.score.score ? b : a));
}
