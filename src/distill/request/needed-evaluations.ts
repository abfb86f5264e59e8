import { FewstepError } from '../../errors.js';
import { type BespokeForm, bespokeLayout } from '../../solver/bespoke.js';
import { trainedFamily } from '../../solver/bespoke-family.js';
import { nfeOf } from '../../solver/plan.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import {
  type BespokeChoices,
  formsOf,
  MOST_VALIDATED,
  searchEvaluations,
} from '../bespoke/bespoke-search.js';
import { comparisonEvaluations } from '../bespoke/universal-choice.js';
import { type Budget, FEWEST_SEARCHED, SEARCH_SHARE, teacherTrajectories } from '../budget.js';
import { familyOn, type Learnable } from '../learnable/learnable.js';
import { refinedStarts, startEvaluations } from '../learnable/start.js';
import { iterationsWithin, trainingEvaluations } from '../training/family-training.js';

/** What a bespoke solver is distilled for, and what its search may choose from. */
interface Wanted extends BespokeChoices, Pick<BespokeForm, 'nfe' | 'range' | 'data'> {
  /** Universal tables that may suit the field. */
  tables: number;
}

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
  const search = searchAtMost(wanted, searched) + validations(wanted, { validation });
  return search + trainingEvaluations(largestFamily(wanted), { batch, validation }, iterations);
}

/** With the comparison of universal tables. */
function searchAtMost(wanted: Wanted, searched: number): number {
  const { nfe, tables } = wanted;
  return searchEvaluations(wanted, wanted, searched) + comparisonEvaluations(tables, nfe) * searched;
}

/** Of candidates, before any is trained. */
function validations({ nfe }: Pick<Wanted, 'nfe'>, { validation }: Pick<Size, 'validation'>): number {
  return MOST_VALIDATED * nfe * validation;
}

/** The same of answers or times, where nothing diverges; each of the trainings may validate its last state besides. */
export function neededByLearnable(
  student: Learnable,
  { batch, validation, searched, iterations }: Size,
): number {
  const refined = refinedStarts(student, iterations);
  const search = startEvaluations(student, { searched, validation, refined });
  const family = familyOn(student, student.grids[0]);
  return search + trainingEvaluations(family, { batch, validation }, iterations);
}

/** Of all forms that a search may choose from, one with as many numbers as any has; what the data are does not matter. */
export function largestFamily(wanted: Omit<Wanted, 'data' | 'tables'>): PlanFamily {
  const forms = formsOf({ ...wanted, data: unknownData(wanted.range) }, wanted);
  return trainedFamily(forms.reduce((a, b) => (bespokeLayout(b).size > bespokeLayout(a).size ? b : a)));
}

/** Trajectories of the teacher to learn from and to validate with, and in a batch. */
interface Sizes {
  trajectories: number;
  validation: number;
  batch: number;
}

/**
 * Sizes of a distillation, unless somebody says: of few evaluations the teacher makes fewer trajectories, and batches are
 * smaller, down to a quarter of the usual, because more iterations come farther.
 * @param largest of all that is to be trained, what has most numbers
 * @param enough iterations of which a training should have as many, if need be by smaller batches
 * @param usual without such a budget
 */
export function sizesWithin(
  budget: Budget | undefined,
  {
    largest,
    enough,
    ...teaching
  }: { largest: () => PlanFamily; enough: number; students: number; teacherNfe: number },
  usual: Sizes,
): Sizes {
  const { trajectories, validation, batch } = usual;
  if (budget?.unit !== 'evaluations') return { trajectories, validation, batch };
  const pools = teacherTrajectories(budget, { trajectories, validation }, teaching);
  const family = largest();
  const learning = (1 - SEARCH_SHARE) * budget.amount;
  const suffices = (size: number) =>
    iterationsWithin(learning, family, { batch: size, validation: pools.validation }) >= enough;
  return { ...pools, batch: [batch, batch / 2].find(suffices) ?? batch / 4 };
}

/** The first iteration that is validated is the fourth. */
const FEWEST_ITERATIONS = 4;

/** Evaluations of the smallest distillation that learns something, and its NFE. */
interface Least {
  nfe: number;
  evaluations: number;
}

/** What somebody with too small a budget may choose from fewer of. */
export const BESPOKE_CHOICES = 'formulas or starts';
export const LEARNABLE_CHOICES = 'grids';

/** Of a bespoke solver: the smallest search and four iterations. @param family `largestFamily`, where it is known */
export function leastEvaluations(
  wanted: Wanted,
  size: Pick<Size, 'batch' | 'validation'>,
  family = largestFamily(wanted),
): Least {
  const search = searchAtMost(wanted, FEWEST_SEARCHED) + validations(wanted, size);
  return {
    nfe: wanted.nfe,
    evaluations: leastWith(search, trainingEvaluations(family, size, FEWEST_ITERATIONS)),
  };
}

/** The same of answers or times. */
export function leastOfLearnable(student: Learnable, size: Pick<Size, 'batch' | 'validation'>): Least {
  const family = familyOn(student, student.grids[0]);
  const search = startEvaluations(student, { ...size, searched: FEWEST_SEARCHED, refined: 0 });
  const evaluations = leastWith(search, trainingEvaluations(family, size, FEWEST_ITERATIONS));
  return { nfe: nfeOf(family.plan), evaluations };
}

/** A search takes its share where it may, whatever the least is that it needs. */
function leastWith(search: number, learning: number): number {
  return Math.max(search + learning, Math.ceil(learning / (1 - SEARCH_SHARE)));
}

/**
 * Looks whether a budget in evaluations has room for what has to be.
 * @param leastOf what has to be with a budget of so many: of more the teacher makes more, which take more to validate with
 * @throws FewstepError unreachable-budget with the least that has
 */
export function checkAffordable(
  { amount, unit }: Budget,
  leastOf: (amount: number) => Least,
  choices: string,
): void {
  if (unit !== 'evaluations') return;
  const { nfe, evaluations } = leastOf(amount);
  if (amount >= evaluations) return;
  let enough = evaluations;
  for (let least = leastOf(enough).evaluations; least > enough; least = leastOf(enough).evaluations)
    enough = least;
  throw new FewstepError(
    'unreachable-budget',
    `a budget of ${amount} evaluations is too small at NFE ${nfe}`,
    `give ${enough} or more, or fewer validation trajectories or ${choices} to choose from`,
  );
}

/** What all of them can do with. */
export function largestOf(all: readonly Least[]): Least {
  return all.reduce((a, b) => (b.evaluations > a.evaluations ? b : a));
}

/** Stands for a spread of the data that is not known yet: all first times of a search are in the range. */
export function unknownData({ sigmaMax }: BespokeForm['range']): BespokeForm['data'] {
  return { mean: [0], std: sigmaMax / 81 };
}
