import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import {
  BESPOKE_FORMULAS,
  BESPOKE_STARTS,
  type BespokeForm,
  bespokeLayout,
  plainNumbers,
} from '../../solver/bespoke.js';
import { bespokeFamily } from '../../solver/bespoke-family.js';
import { BESPOKE_GRIDS, searchedGrids } from '../learnable/start.js';
import { partOf, searchPart, type TeacherPool } from '../pool.js';
import type { Score } from '../score.js';
import { scoreVariants } from '../training/variants.js';

/** A solver that learned nothing, as a place to begin: the numbers of a form. */
export interface BespokeCandidate {
  form: BespokeForm;
  /** For people: 'polynomial:7', after a Gaussian start 'polynomial:7 from 12'. */
  grid: string;
  /** [bespokeLayout(form).size]. */
  numbers: Float64Array;
  /** On the trajectories of the search. */
  score: Score;
}

/** What a search may choose from; all by default. */
export interface BespokeChoices {
  /** Of BESPOKE_FORMULAS. */
  formulas?: readonly string[];
  /** Of BESPOKE_STARTS. */
  starts?: readonly BespokeForm['start'][];
}

/** Formulas that begin best nearly everywhere, for who has not the time, or the evaluations, to compare all. */
export const FEW_FORMULAS: readonly string[] = ['ipndm-2', 'ipndm-3', 'dpmpp-2m'];

/** First times that are tried after a Gaussian start, in standard deviations of the data. */
const GAUSSIAN_TIMES = [80, 40, 20, 12, 8, 5, 3];
/**
 * Those that are told apart as starts of trainings. From the lowest a plain solver is poor, and what is learned sometimes
 * best: on the network of two moons at NFE 3 those of a search, from 2 to 3, end at 1.3 times the error of most from
 * 0.5 to 1.4.
 */
const DISTINCT_TIMES = [0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8, 12, 20];

/** Solvers of a search that are validated, besides those that begin at several first times. */
export const PLAIN_VALIDATED = 4;
/** All that are validated before a training, a universal table among them. */
export const MOST_VALIDATED = PLAIN_VALIDATED + DISTINCT_TIMES.length + 1;

/** Part of the trajectories on which all candidates are compared first. */
const FIRST_LOOK = 1 / 4;
/** Formulas and starts that are looked at again, and grids of each. */
const FINALISTS = { forms: 16, grids: 2 };

/**
 * Compares every formula, start and grid on a few of the teacher's trajectories, all candidates of one formula and
 * start in one batch, and gives the best of each formula and start, the best first. Those that did best on a part of the
 * trajectories are compared on all of them, and the others follow with the scores that they had.
 *
 * A recipe of our own: formulas and starts are those of `BespokeForm`, grids polynomial with rho 3, 5, 7 and 10, logsnr
 * and time_uniform, after a Gaussian start from several first times each.
 * @param common NFE, range and the figures of the data, see `dataFigures`
 * @param training of which the first 192 trajectories are used, or as many as `choices` says
 * @returns one of each formula and start for which the range has a grid
 * @throws FewstepError bad-argument for a formula or a start that does not exist, or none to begin with,
 *   unreachable-nfe beyond MAX_BESPOKE_NFE, bad-grid for an impossible range, bad-shape, device-limit. What diverges has an
 *   infinite score
 */
export async function searchBespoke(
  gpu: Gpu,
  field: Field,
  common: Pick<BespokeForm, 'nfe' | 'range' | 'data'>,
  training: TeacherPool,
  choices: BespokeChoices & {
    trajectories?: number;
    onProgress?: (done: number, of: number) => void;
    signal?: AbortSignal;
  } = {},
): Promise<BespokeCandidate[]> {
  checkChoices(choices);
  const { trajectories, onProgress, signal } = choices;
  const few = searchPart(training, trajectories);
  const part = partOf(few, 0, Math.ceil(FIRST_LOOK * (few.latents.length / few.dim)));
  const forms = formsOf(common, choices);
  const seen: BespokeCandidate[][] = [];
  for (const [i, form] of forms.entries()) {
    signal?.throwIfAborted();
    const candidates = await scoredTogether(gpu, field, form, candidatesOf(form), part);
    if (candidates.length > 0) seen.push(candidates);
    onProgress?.(i + 1, forms.length);
  }
  if (seen.length === 0) {
    throw new FewstepError(
      'bad-argument',
      `from sigma ${common.range.sigmaMax} to ${common.range.sigmaMin} there is no grid for a Gaussian start`,
      'give other starts, or a wider range',
    );
  }
  seen.sort(([a], [b]) => a.score.score - b.score.score);
  const finalists: BespokeCandidate[] = [];
  for (const candidates of seen.slice(0, FINALISTS.forms)) {
    signal?.throwIfAborted();
    const grids = candidates.slice(0, FINALISTS.grids);
    finalists.push((await scoredTogether(gpu, field, grids[0].form, grids, few))[0]);
  }
  finalists.sort((a, b) => a.score.score - b.score.score);
  return [...finalists, ...seen.slice(FINALISTS.forms).map(([best]) => best)];
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
  { trajectories, signal }: { trajectories?: number; signal?: AbortSignal } = {},
): Promise<BespokeCandidate[]> {
  const few = searchPart(training, trajectories);
  const best: BespokeCandidate[] = [];
  for (const time of DISTINCT_TIMES) {
    signal?.throwIfAborted();
    best.push(...(await scoredTogether(gpu, field, form, candidatesOf(form, [time]), few)).slice(0, 1));
  }
  return best.sort((a, b) => a.score.score - b.score.score);
}

/** Evaluations of a search with so many trajectories, several first times after a Gaussian start among them. */
export function searchEvaluations(
  common: Pick<BespokeForm, 'nfe' | 'range' | 'data'>,
  choices: BespokeChoices,
  trajectories: number,
): number {
  const forms = formsOf(common, choices);
  const looks = forms.reduce((sum, form) => sum + candidatesOf(form).length, 0);
  const again = FINALISTS.grids * Math.min(FINALISTS.forms, forms.length);
  const gaussian = forms.find(({ start }) => start === 'gaussian');
  const firsts = gaussian ? candidatesOf(gaussian, DISTINCT_TIMES).length : 0;
  return common.nfe * (looks * Math.ceil(FIRST_LOOK * trajectories) + (again + firsts) * trajectories);
}

/** What a search may choose from, on all grids. */
export function formsOf(
  common: Pick<BespokeForm, 'nfe' | 'range' | 'data'>,
  { formulas = BESPOKE_FORMULAS, starts = BESPOKE_STARTS }: BespokeChoices,
): BespokeForm[] {
  return starts.flatMap((start) => formulas.map((formula) => ({ ...common, formula, start })));
}

/** A form on every grid; after a Gaussian start on those from each first time, in standard deviations of the data. */
function candidatesOf(form: BespokeForm, firstTimes = GAUSSIAN_TIMES): Omit<BespokeCandidate, 'score'>[] {
  const { steps } = bespokeLayout(form);
  const { range, data } = form;
  const { sigmaMin, sigmaMax } = range;
  const gaussian = firstTimes.map((t) => t * data.std).filter((t) => t < sigmaMax && t > sigmaMin);
  const firsts = form.start === 'gaussian' ? gaussian : [sigmaMax];
  return firsts.flatMap((first) =>
    searchedGrids(steps, { sigmaMin, sigmaMax: first }, BESPOKE_GRIDS).map(({ name, times }) => ({
      form,
      grid: form.start === 'gaussian' ? `${name} from ${Number(first.toPrecision(3))}` : name,
      numbers: plainNumbers(form, times),
    })),
  );
}

/** Candidates of one form, scored together, the best first. */
async function scoredTogether(
  gpu: Gpu,
  field: Field,
  form: BespokeForm,
  candidates: readonly Omit<BespokeCandidate, 'score'>[],
  pool: TeacherPool,
): Promise<BespokeCandidate[]> {
  const variants = candidates.map(({ numbers }) => numbers);
  const scores = await scoreVariants(gpu, field, bespokeFamily(form), variants, pool);
  return candidates
    .map((candidate, i) => ({ ...candidate, score: scores[i] }))
    .sort((a, b) => a.score.score - b.score.score);
}

/** @throws FewstepError bad-argument where there is nothing to choose from */
export function checkChoices({ formulas, starts }: BespokeChoices): void {
  if (formulas?.length !== 0 && starts?.length !== 0) return;
  const [what, all] = formulas?.length === 0 ? ['formula', BESPOKE_FORMULAS] : ['start', BESPOKE_STARTS];
  throw new FewstepError(
    'bad-argument',
    `there is no ${what} to begin with`,
    `leave ${what}s out for all, or give some of ${all.join(', ')}`,
  );
}
