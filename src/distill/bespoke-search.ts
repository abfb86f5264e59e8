import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import {
  BESPOKE_FORMULAS,
  BESPOKE_STARTS,
  type BespokeForm,
  bespokeLayout,
  plainNumbers,
} from '../solver/bespoke.js';
import { bespokeFamily } from '../solver/bespoke-family.js';
import { searchPart, type TeacherPool } from './pool.js';
import type { Score } from './score.js';
import { searchedGrids } from './start.js';
import { scoreVariants } from './variants.js';

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
/**
 * Those that are told apart as starts of trainings. From the lowest a plain solver is poor, and what is learned sometimes
 * best: on the network of two moons at NFE 3 those of a search, from 2 to 3, end at 1.3 times the error of most from 0.5 to 1.4.
 */
const DISTINCT_TIMES = [0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8, 12, 20];

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
  const few = searchPart(training);
  const forms = starts.flatMap((start) => formulas.map((formula) => ({ ...common, formula, start })));
  const found: BespokeCandidate[] = [];
  for (const [i, form] of forms.entries()) {
    signal?.throwIfAborted();
    const candidates = candidatesOf(form);
    const scores = await scoreTogether(gpu, field, form, candidates, few);
    const scored = candidates.map((candidate, j) => ({ ...candidate, score: scores[j] }));
    if (scored.length > 0) found.push(bestOf(scored));
    onProgress?.(i + 1, forms.length);
  }
  return found.sort((a, b) => a.score.score - b.score.score);
}

/**
 * The best grid of a form with a Gaussian start from each of several first times, the best first: trainings that begin
 * there end in different places.
 */
export async function searchFirstTimes(
  gpu: Gpu,
  field: Field,
  form: BespokeForm,
  training: TeacherPool,
): Promise<BespokeCandidate[]> {
  const few = searchPart(training);
  const best: BespokeCandidate[] = [];
  for (const time of DISTINCT_TIMES) {
    const candidates = candidatesOf(form, [time]);
    const scores = await scoreTogether(gpu, field, form, candidates, few);
    const scored = candidates.map((candidate, i) => ({ ...candidate, score: scores[i] }));
    if (scored.length > 0) best.push(bestOf(scored));
  }
  return best.sort((a, b) => a.score.score - b.score.score);
}

function bestOf<C extends { score: Score }>(scored: readonly C[]): C {
  return scored.reduce((a, b) => (b.score.score < a.score.score ? b : a));
}

/** A form on every grid; after a Gaussian start on those from each first time, in standard deviations of the data. */
function candidatesOf(form: BespokeForm, firstTimes = GAUSSIAN_TIMES): Omit<BespokeCandidate, 'score'>[] {
  const { steps } = bespokeLayout(form);
  const { range, data } = form;
  const { sigmaMin, sigmaMax } = range;
  const gaussian = firstTimes.map((t) => t * data.std).filter((t) => t < sigmaMax && t > sigmaMin);
  const firsts = form.start === 'gaussian' ? gaussian : [sigmaMax];
  return firsts.flatMap((first) =>
    searchedGrids(steps, { sigmaMin, sigmaMax: first }).map(({ name, times }) => ({
      form,
      grid: form.start === 'gaussian' ? `${name} from ${Number(first.toPrecision(3))}` : name,
      numbers: plainNumbers(form, times),
    })),
  );
}

/** Scores candidates of one form together. */
function scoreTogether(
  gpu: Gpu,
  field: Field,
  form: BespokeForm,
  candidates: readonly Omit<BespokeCandidate, 'score'>[],
  pool: TeacherPool,
): Promise<Score[]> {
  const variants = candidates.map(({ numbers }) => numbers);
  return scoreVariants(gpu, field, bespokeFamily(form), variants, pool);
}
