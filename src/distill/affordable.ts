import { FewstepError } from '../errors.js';
import { type BespokeForm, bespokeLayout } from '../solver/bespoke.js';
import { trainedFamily } from '../solver/bespoke-family.js';
import { type BespokeChoices, formsOf, MOST_VALIDATED, searchEvaluations } from './bespoke-search.js';
import { type Budget, FEWEST_SEARCHED } from './budget.js';
import { trainingEvaluations } from './family-training.js';

/** Trajectories in a batch, and those to validate with. */
interface Counts {
  batch: number;
  validation: number;
}

/** The first that is validated is the fourth. */
const FEWEST_ITERATIONS = 4;

/**
 * Looks whether a budget in evaluations has room for the smallest search and for four iterations.
 * @throws FewstepError bad-argument with the least that has
 */
export function checkAffordable(
  { amount, unit }: Budget,
  common: Pick<BespokeForm, 'nfe' | 'range' | 'data'>,
  choices: BespokeChoices,
  counts: Counts,
): void {
  if (unit !== 'evaluations') return;
  const { nfe } = common;
  const forms = formsOf(common, choices);
  const largest = forms.reduce((a, b) => (bespokeLayout(b).size > bespokeLayout(a).size ? b : a));
  const training = trainingEvaluations(trainedFamily(largest), counts, FEWEST_ITERATIONS);
  const validated = MOST_VALIDATED * nfe * counts.validation;
  const search = searchEvaluations(common, choices, FEWEST_SEARCHED) + validated;
  const least = Math.ceil(search + training);
  if (amount >= least) return;
  throw new FewstepError(
    'bad-argument',
    `a budget of ${amount} evaluations is too small at NFE ${nfe}`,
    `give ${least} or more, or fewer validation trajectories, formulas or starts to choose from`,
  );
}

/** The same of several NFE before the spread of the data is known: with one for which all first times are in the range. */
export function checkAllAffordable(
  budget: Budget,
  { nfes, range }: { nfes: readonly number[]; range: BespokeForm['range'] },
  choices: BespokeChoices,
  counts: Counts,
): void {
  const data = { mean: [0], std: range.sigmaMax / 81 };
  for (const nfe of nfes) checkAffordable(budget, { nfe, range, data }, choices, counts);
}
