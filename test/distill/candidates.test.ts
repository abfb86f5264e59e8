import { expect, test } from 'vitest';
import { type Candidate, trainCandidates, winnerOf } from '../../src/distill/training/candidates.js';
import type { FamilyState } from '../../src/distill/training/family-training.js';

function stateOf(score: number): FamilyState {
  return { parameters: Float64Array.of(score), score: { mean: 1, median: 1, score } };
}

/** Each iteration takes a candidate its own way down. */
async function trained(scores: readonly number[], slopes: readonly number[], finalist: number) {
  const calls: [number, number][] = [];
  const starts = scores.map((score, candidate) => ({ candidate, state: stateOf(score) }));
  const train = async ({ candidate, state }: Candidate<number>, iterations: number) => {
    calls.push([candidate, iterations]);
    return stateOf(state.score.score - iterations * slopes[candidate]);
  };
  return { calls, result: await trainCandidates(starts, { each: 10, finalist }, train) };
}

test('those that come farthest in a short training are trained for longer, and begin where they were', async () => {
  const { calls, result } = await trained([0, 1, 2, 3, 4, 5], [0, 0.1, 0.5, 0, 0, 0.55], 30);
  expect(calls).toEqual([
    [0, 10],
    [1, 10],
    [2, 10],
    [3, 10],
    [4, 10],
    [5, 10],
    [2, 30],
    [5, 30],
  ]);
  expect(result.map(({ candidate }) => candidate)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(result.map(({ state }) => Number(state.score.score.toFixed(9)))).toEqual([0, 0, -18, 3, 4, -17]);
  expect(winnerOf(result).candidate).toBe(2);
});

test('a few have no finalists, and nobody has any where there are no iterations for them', async () => {
  expect((await trained([1, 2, 3], [1, 1, 1], 30)).calls).toEqual([
    [0, 10],
    [1, 10],
    [2, 10],
  ]);
  const { calls, result } = await trained([5, 4, 3, 2, 1], [0, 0, 0, 0, 0], 0);
  expect(calls).toHaveLength(5);
  expect(winnerOf(result).candidate).toBe(4);
});
