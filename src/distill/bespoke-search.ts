import { FewstepError } from '../errors.js';
import { solve } from '../execute/solve.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import {
  BESPOKE_FORMULAS,
  BESPOKE_STARTS,
  type BespokeForm,
  bespokeLayout,
  plainNumbers,
} from '../solver/bespoke.js';
import { bespokeFamily } from '../solver/bespoke-family.js';
import { partOf, type TeacherPool } from './pool.js';
import { type Score, scoreOfErrors } from './score.js';
import { searchedGrids } from './start.js';

/** A solver that learned nothing, as a place to begin: the numbers of a form. */
export interface BespokeCandidate {
  form: BespokeForm;
  grid: string;
  numbers: Float64Array;
  /** On the trajectories of the search. */
  score: Score;
}

/** What a search may choose from; all by default. */
export interface BespokeChoices {
  formulas?: readonly string[];
  starts?: readonly BespokeForm['start'][];
}

/** First times that are tried after a Gaussian start, in standard deviations of the data. */
const GAUSSIAN_TIMES = [80, 40, 20, 12, 8, 5, 3];
/** Trajectories that candidates are compared on. */
const SEARCH_TRAJECTORIES = 192;

/**
 * Compares every formula, start and grid on a few of the teacher's trajectories, all candidates of one formula and
 * start in one batch, and gives the best of each formula and start, the best first.
 */
export async function searchBespoke(
  gpu: Gpu,
  field: Field,
  common: Pick<BespokeForm, 'nfe' | 'range' | 'data'>,
  training: TeacherPool,
  choices: BespokeChoices & { onProgress?: (done: number, of: number) => void; signal?: AbortSignal } = {},
): Promise<BespokeCandidate[]> {
  const { formulas = BESPOKE_FORMULAS, starts = BESPOKE_STARTS, onProgress, signal } = choices;
  const count = Math.min(SEARCH_TRAJECTORIES, training.latents.length / training.dim);
  const few = partOf(training, 0, count);
  const forms = starts.flatMap((start) => formulas.map((formula) => ({ ...common, formula, start })));
  const found: BespokeCandidate[] = [];
  for (const [i, form] of forms.entries()) {
    signal?.throwIfAborted();
    const candidates = candidatesOf(form);
    const scores = await scoreTogether(gpu, field, form, candidates, few);
    const scored = candidates.map((candidate, j) => ({ ...candidate, score: scores[j] }));
    const best = scored.reduce((a, b) => (b.score.score < a.score.score ? b : a), scored[0]);
    if (best) found.push(best);
    onProgress?.(i + 1, forms.length);
  }
  return found.sort((a, b) => a.score.score - b.score.score);
}

/** A form on every grid; after a Gaussian start on those from each first time. */
function candidatesOf(form: BespokeForm): Omit<BespokeCandidate, 'score'>[] {
  const { steps } = bespokeLayout(form);
  const { range, data } = form;
  const { sigmaMin, sigmaMax } = range;
  const gaussian = GAUSSIAN_TIMES.map((t) => t * data.std).filter((t) => t < sigmaMax && t > sigmaMin);
  const firsts = form.start === 'gaussian' ? gaussian : [sigmaMax];
  return firsts.flatMap((first) =>
    searchedGrids(steps, { sigmaMin, sigmaMax: first }).map(({ name, times }) => ({
      form,
      grid: form.start === 'gaussian' ? `${name} from ${Number(first.toPrecision(3))}` : name,
      numbers: plainNumbers(form, times),
    })),
  );
}

/** Scores candidates of one form as one batch, whose columns differ from candidate to candidate. */
async function scoreTogether(
  gpu: Gpu,
  field: Field,
  form: BespokeForm,
  candidates: readonly Omit<BespokeCandidate, 'score'>[],
  pool: TeacherPool,
): Promise<Score[]> {
  if (candidates.length === 0) return [];
  const family = bespokeFamily(form);
  const { dim, latents, states } = pool;
  const count = latents.length / dim;
  const batch = count * candidates.length;
  const columns = new Float32Array(family.plan.columns * batch);
  for (const [i, { numbers }] of candidates.entries()) {
    for (const [c, value] of family.values(numbers).entries()) {
      columns.fill(value, c * batch + i * count, c * batch + (i + 1) * count);
    }
  }
  try {
    const values = tiled(latents, candidates.length);
    const { samples } = await solve(gpu, field, family.plan, { latents: { values }, columns });
    const errors = endpointErrors(samples, tiled(states[states.length - 1], candidates.length), dim);
    return candidates.map((_, i) => scoreOfErrors(errors.slice(i * count, (i + 1) * count)));
  } catch (error) {
    if (!(error instanceof FewstepError && error.code === 'not-finite')) throw error;
    if (candidates.length === 1) return [{ mean: Infinity, median: Infinity, score: Infinity }];
    // One of them diverged, which does not say which.
    const scores: Score[] = [];
    for (const candidate of candidates) {
      scores.push(...(await scoreTogether(gpu, field, form, [candidate], pool)));
    }
    return scores;
  }
}

function tiled(values: Float32Array, times: number): Float32Array {
  const all = new Float32Array(values.length * times);
  for (let i = 0; i < times; i++) all.set(values, i * values.length);
  return all;
}
