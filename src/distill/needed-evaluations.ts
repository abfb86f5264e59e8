import { FewstepError } from '../errors.js';
import { type BespokeForm, bespokeLayout } from '../solver/bespoke.js';
import { trainedFamily } from '../solver/bespoke-family.js';
import { type BespokeChoices, formsOf, MOST_VALIDATED, searchEvaluations } from './bespoke-search.js';
import { type Budget, FEWEST_SEARCHED } from './budget.js';
import { trainingEvaluations } from './family-training.js';

/** What a bespoke solver is distilled for, and what its search may choose from. */
interface Wanted extends BespokeChoices, Pick<BespokeForm, 'nfe' | 'range' | 'data'> {}

/** How large a distillation is. */
interface Size {
  /** Trajectories in a batch, and those to validate with. */
  batch: number;
  validation: number;
  /** Trajectories of the search. */
  searched: number;
  /** Of all trainings together. */
  iterations: number;
}

/** Evaluations of the field that the distillation of a bespoke solver makes at most, the teacher aside. */
export function neededEvaluations(wanted: Wanted, { batch, validation, searched, iterations }: Size): number {
  const forms = formsOf(wanted, wanted);
  const largest = forms.reduce((a, b) => (bespokeLayout(b).size > bespokeLayout(a).size ? b : a));
  const search = searchEvaluations(wanted, wanted, searched) + MOST_VALIDATED * wanted.nfe * validation;
  return search + trainingEvaluations(trainedFamily(largest), { batch, validation }, iterations);
}

/** The first iteration that is validated is the fourth. */
const FEWEST_ITERATIONS = 4;

/**
 * Looks whether a budget in evaluations has room for the smallest search and for four iterations.
 * @throws FewstepError bad-argument with the least that has
 */
export function checkAffordable(
  { amount, unit }: Budget,
  wanted: Wanted,
  size: Pick<Size, 'batch' | 'validation'>,
): void {
  if (unit !== 'evaluations') return;
  const { batch, validation } = size;
  const smallest = { batch, validation, searched: FEWEST_SEARCHED, iterations: FEWEST_ITERATIONS };
  const least = neededEvaluations(wanted, smallest);
  if (amount >= least) return;
  throw new FewstepError(
    'bad-argument',
    `a budget of ${amount} evaluations is too small at NFE ${wanted.nfe}`,
    `give ${least} or more, or fewer validation trajectories, formulas or starts to choose from`,
  );
}

/** Stands for a spread of the data that is not known yet: all first times of a search are in the range. */
export function unknownData({ sigmaMax }: BespokeForm['range']): BespokeForm['data'] {
  return { mean: [0], std: sigmaMax / 81 };
}
