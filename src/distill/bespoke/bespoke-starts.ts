import { either } from '../../abort.js';
import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { rangeFrom } from '../../grid/grid.js';
import { type BespokeForm, bespokePlan } from '../../solver/bespoke.js';
import { TRAINED_ON } from '../../solver/universal.js';
import { SEARCH_SHARE, searchTrajectories } from '../budget.js';
import { dataFigures } from '../data-figures.js';
import { SEARCH_TRAJECTORIES, searchPart } from '../pool.js';
import { BESPOKE_CHOICES, checkAffordable, leastEvaluations } from '../request/needed-evaluations.js';
import { type Score, scoreOf } from '../score.js';
import type { Spending } from '../spending.js';
import type { BespokeOptions, BespokeSettings } from './bespoke.js';
import {
  type BespokeCandidate,
  type BespokeChoices,
  PLAIN_VALIDATED,
  searchBespoke,
  searchEvaluations,
  searchFirstTimes,
} from './bespoke-search.js';
import { comparisonEvaluations, nearestOf, universalCandidates } from './universal-choice.js';

/** What is trained: a solver that the search found, a universal one, or a given one. */
export type TrainedCandidate = Pick<BespokeCandidate, 'form' | 'grid' | 'numbers'>;

/** Something with its score on the validation trajectories. */
interface Scored<C> {
  candidate: C;
  score: Score;
}

/** What a bespoke solver's trainings begin with. */
export interface Starts {
  /** The best that learned nothing. */
  plain: Scored<BespokeCandidate>;
  /** The universal table that is nearest to the teacher, where there is one. */
  universal?: TrainedCandidate;
  /** Those two, the better one first, and others of the search, as many as are wanted; then those that are given. */
  starts: Scored<TrainedCandidate>[];
}

/**
 * Searches formulas, starts and grids, adds the best grid from each of several first times and the nearest universal table,
 * and validates all. With a budget in evaluations so few trajectories are searched that the rest suffices for the training.
 * @param spending which all of it is told to
 * @throws FewstepError unreachable-budget, and as `searchBespoke`
 */
export async function findStarts(
  gpu: Gpu,
  field: Field,
  settings: BespokeSettings,
  options: BespokeOptions,
  spending: Spending,
): Promise<Starts> {
  const { training, validation, given = [], universal = true, onSearch, onStart, finish } = options;
  const { nfe, batch, budget } = settings;
  const signal = either(options.signal, finish);
  const { mean, std } = dataFigures(training);
  const common = { nfe, range: rangeFrom(settings.range), data: { mean: [...mean], std } };
  const tables = universal ? universalStarts(field, common, options) : [];
  const validated = validation.latents.length / validation.dim;
  if (budget) {
    const wanted = { ...options, ...common, tables: tables.length };
    checkAffordable(
      budget,
      () => leastEvaluations(wanted, { batch, validation: validated }),
      BESPOKE_CHOICES,
    );
  }
  const room = budget?.unit === 'evaluations' ? SEARCH_SHARE * budget.amount : undefined;
  const comparing = comparisonEvaluations(tables.length, nfe);
  const searchCost = (count: number) => searchEvaluations(common, options, count) + comparing * count;
  const trajectories = searchTrajectories(searchCost, room, SEARCH_TRAJECTORIES);
  const search = { trajectories, signal };
  const found = await searchBespoke(gpu, field, common, training, {
    ...options,
    ...search,
    onProgress: onSearch,
  });
  // What that is takes 6 to 19 ms to find.
  if (budget?.unit === 'evaluations') spending.made(searchCost(trajectories));
  const scored = async <C extends TrainedCandidate>(candidate: C): Promise<Scored<C>> => {
    spending.made(nfe * validated);
    const plan = bespokePlan(candidate.form, candidate.numbers);
    return { candidate, score: await scoreOf(gpu, field, plan, validation) };
  };
  const plainOnes = distinct(found);
  const gaussian = found.find(({ form }) => form.start === 'gaussian');
  const further = gaussian ? await searchFirstTimes(gpu, field, gaussian.form, training, search) : [];
  const searched: Scored<BespokeCandidate>[] = [];
  for (const candidate of [...further, ...plainOnes.slice(0, PLAIN_VALIDATED)])
    searched.push(await scored(candidate));
  const plain = searched.reduce((a, b) => (b.score.score < a.score.score ? b : a));
  onStart?.(plain.candidate, plain.score);
  const starts: Starts['starts'] = [plain];
  const nearest = await nearestOf(gpu, field, tables, searchPart(training, trajectories), { signal });
  if (nearest) {
    starts.push(await scored(nearest));
    starts.sort((a, b) => a.score.score - b.score.score);
  }
  starts.push(...searched.filter((one) => one !== plain));
  starts.splice(settings.candidates);
  for (const candidate of given)
    starts.push(await scored({ ...candidate, form: { ...candidate.form, ...common } }));
  return { plain, universal: nearest, starts };
}

/** Without those that are an earlier one again, as ipndm-4 is ipndm-3 at three evaluations. */
function distinct(found: readonly BespokeCandidate[]): BespokeCandidate[] {
  const seen = new Set<string>();
  return found.filter(({ form, numbers }) => {
    const plan = JSON.stringify(bespokePlan(form, numbers).operations);
    return !seen.has(plan) && seen.add(plan);
  });
}

/** The universal tables that the range has room for and that are among what may be chosen from. */
export function universalStarts(
  field: Field,
  common: Pick<BespokeForm, 'nfe' | 'range' | 'data'>,
  { formulas, starts }: BespokeChoices,
): TrainedCandidate[] {
  if (starts && !starts.includes('gaussian')) return [];
  return universalCandidates(field, common)
    .filter(({ form }) => !formulas || formulas.includes(form.formula))
    .map(({ kind, form, numbers }) => ({
      form,
      numbers,
      grid: `the universal table of ${TRAINED_ON[kind]}`,
    }));
}
