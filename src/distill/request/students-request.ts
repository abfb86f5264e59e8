import { checkBounds, whole } from '../../bounds.js';
import { FewstepError, unknownName } from '../../errors.js';
import { type Grid, gridFrom } from '../../grid/grid.js';
import { FEATURE_SOURCES } from '../../predictor/network-config.js';
import { amedSolver, timesSolver } from '../../predictor/predictor.js';
import type { AmedSolver } from '../../solver/amed.js';
import { type Solver, spell } from '../../solver/define.js';
import { parseSolver } from '../../solver/registry.js';
import type { Budget } from '../budget.js';
import { familyOn } from '../learnable/learnable.js';
import { learnableTable } from '../learnable/table.js';
import { learnableTimes } from '../learnable/times.js';
import type { NetworkRequest, StepwiseTeacher } from '../network/learn-network.js';
import { RECIPES, type Recipe } from '../network/network.js';
import { type DistillSettings, NETWORK_BATCH, publishedSettings, ROBUST } from '../settings.js';
import { ANSWER_KINDS, type AnswerKind, type Distillation, type Spelling } from './distillation.js';
import {
  checkAffordable,
  LEARNABLE_CHOICES,
  largestOf,
  leastOfLearnable,
  sizesWithin,
} from './needed-evaluations.js';
import {
  afsFor,
  checkBudgetOf,
  checkTeacher,
  learnablesOf,
  rangeFor,
  SEARCH,
  type StudentsRequest,
  settingsOf,
  studentsOf,
  type ToLearnable,
  teacherOf,
} from './students.js';

/** Times of a solver for each NFE. @throws FewstepError as `jobOf` */
export function timesRequest(asked: Distillation, nfes: number[], spelt: Spelling): StudentsRequest<Solver> {
  return learnableRequest(asked, timesSolver(asked.solver), nfes, learnableTimes, spelt);
}

/** Answers that all trajectories share, for each NFE. @throws FewstepError as `jobOf` */
export function tableRequest(
  asked: Distillation,
  nfes: number[],
  spelt: Spelling,
): StudentsRequest<AmedSolver> {
  return learnableRequest(asked, solverToLearn(asked.solver), nfes, learnableTable, spelt);
}

/**
 * Iterations for which batches become smaller. By mean, on ring, mixture-64 and the network of two moons (NFE 3, 5 and 7,
 * three seeds), what learned from 200,000 evaluations ended 0.92 (times of unipc-2) and 0.90 times (amed-ipndm) as far off
 * as with 100 of them; with 300 as far.
 */
const ENOUGH = 200;

/** Of what learns on a budget, which says how large it is unless somebody else does. */
function learnableRequest<S extends Solver>(
  asked: Distillation,
  parsed: Parsed<S>,
  nfes: number[],
  toLearnable: ToLearnable<S>,
  spelt: Spelling,
): StudentsRequest<S> {
  const { budget, scaleDirection = ROBUST.scaleDirection, scaleTime = ROBUST.scaleTime } = asked;
  const common = studentsFor(asked, parsed, nfes);
  // What cannot be learned is found here.
  const learnables = learnablesOf(common, { scaleDirection, scaleTime }, toLearnable);
  const most = learnables[nfes.indexOf(Math.max(...nfes))];
  const teaching = {
    enough: ENOUGH,
    students: nfes.length,
    teacherNfe: asked.teacher?.nfe ?? ROBUST.teacher.nfe,
  };
  const largest = () => familyOn(most, most.grids[0]);
  const usualWith = (own: Budget | undefined) => ({
    ...ROBUST,
    ...sizesWithin(own, { largest, ...teaching }, ROBUST),
  });
  const request = taughtBy(common, asked, nfes, usualWith(budget), spelt);
  checkBudgetOf(asked, request.settings.batch, spelt);
  if (budget === undefined) return request;
  const leastOf = (amount: number) => {
    const settings = settingsOf(asked, usualWith({ ...budget, amount }));
    return largestOf(learnables.map((each) => leastOfLearnable(each, settings)));
  };
  checkAffordable(budget, leastOf, LEARNABLE_CHOICES);
  return { ...request, budget: { ...budget } };
}

/** A network that answers for each trajectory, one for all NFE. @throws FewstepError as `jobOf` */
export function networkRequest(
  asked: Distillation,
  recipe: Recipe,
  nfes: number[],
  spelt: Spelling,
): NetworkRequest {
  const { field } = asked;
  const parsed = solverToLearn(asked.solver);
  const reads = asked.reads ?? (field.features ? 'hidden' : recipe === 'published' ? 'times' : 'state');
  if (!FEATURE_SOURCES.includes(reads))
    throw unknownName('source of a network', String(reads), FEATURE_SOURCES);
  if (reads === 'hidden' && !field.features) {
    throw new FewstepError(
      'bad-field',
      `the network is to read hidden features, and a ${field.kind} field has none`,
      `take ${spelt('reads')} state, or times`,
    );
  }
  if (recipe === 'robust') {
    const students = studentsFor(asked, parsed, nfes);
    const usual = { ...ROBUST, batch: NETWORK_BATCH };
    return { ...taughtBy(students, asked, nfes, usual, spelt), recipe, reads };
  }
  if (nfes.length > 1) {
    throw new FewstepError(
      'bad-argument',
      'the published recipe trains one predictor for one NFE',
      `give one ${spelt('nfe')}, or take the robust recipe`,
    );
  }
  const published = publishedSettings(parsed.solver.name);
  const { grid = published.grid, trajectories = published.settings.trajectories } = asked;
  if (grid === SEARCH) {
    throw new FewstepError(
      'bad-argument',
      'the published recipe does not search its grid',
      `leave ${spelt('grid')} out for ${published.grid}, or name one`,
    );
  }
  const { batch = published.settings.batch, teacher = {} } = asked;
  const usual = {
    ...published.settings,
    // Each trajectory once.
    iterations: Math.floor(trajectories / batch),
  };
  // What it learns from is a teacher of its own: errors are measured against the robust one's.
  const students = studentsFor({ ...asked, grid }, parsed, nfes);
  const request = taughtBy(students, { ...asked, teacher: {} }, nfes, usual, spelt);
  const { solver = published.teacher, substeps = published.teacherSubsteps } = teacher;
  checkBounds("teacher's", { substeps }, { substeps: whole(1, 64) });
  const [{ grids }] = request.students;
  const stepwise = stepwiseTeacher(solver, substeps, gridFrom(grid), grids[0].times.length - 1, request);
  return { ...request, recipe, reads, stepwise };
}

/**
 * What an AMED solver is to learn.
 * @throws FewstepError unknown-name, bad-argument for a kind that the recipe does not have
 */
export function answerKindOf({ recipe = 'robust', kind, reads }: Distillation, spelt: Spelling): AnswerKind {
  if (!RECIPES.includes(recipe)) throw unknownName('recipe', String(recipe), RECIPES);
  if (kind !== undefined && !ANSWER_KINDS.includes(kind))
    throw unknownName('kind', String(kind), ANSWER_KINDS);
  const published = recipe === 'published';
  if (published && kind === 'table') {
    throw new FewstepError(
      'bad-argument',
      'the published recipe trains networks, not tables',
      `leave out ${spelt('kind')}, or take the robust recipe`,
    );
  }
  const chosen = kind ?? (published ? 'network' : 'table');
  if (reads === undefined || chosen === 'network') return chosen;
  throw new FewstepError(
    'bad-argument',
    `${spelt('reads')} does not apply to a table`,
    `take ${spelt('kind')} network with it`,
  );
}

interface Parsed<S extends Solver> {
  solver: S;
  options: Record<string, unknown>;
}

function solverToLearn(text: string): Parsed<AmedSolver> {
  const parsed = amedSolver(text);
  if (!('r' in parsed.options)) return parsed;
  throw new FewstepError('bad-argument', `${text}: r is what is learned`, 'leave it out');
}

type Students<S extends Solver> = Omit<StudentsRequest<S>, 'settings' | 'teacher'>;

function studentsFor<S extends Solver>(
  asked: Distillation,
  { solver, options }: Parsed<S>,
  nfes: number[],
): Students<S> {
  const { field, grid = SEARCH } = asked;
  const range = rangeFor(field, grid, asked.range);
  const afs = afsFor(solver, options, nfes, asked.afs);
  const students = studentsOf(solver, nfes, { afs, options }, grid, range);
  return { field, solver, text: spell(solver.name, options, {}), options, afs, range, students };
}

function taughtBy<S extends Solver>(
  students: Students<S>,
  asked: Distillation,
  nfes: number[],
  usual: DistillSettings,
  spelt: Spelling,
): StudentsRequest<S> {
  const settings = settingsOf(asked, usual);
  return { ...students, settings, teacher: teacherOf(students.field, settings, students.range, nfes, spelt) };
}

/**
 * A teacher whose times are the student's with more within each step.
 * @throws FewstepError bad-argument for a grid that has no times between its times
 */
function stepwiseTeacher(
  text: string,
  substeps: number,
  grid: Grid,
  steps: number,
  { field, range }: StudentsRequest<Solver>,
): StepwiseTeacher {
  if (grid.steps !== undefined) {
    throw new FewstepError(
      'bad-argument',
      'the teacher of the published recipe needs times between those of the grid, which a list does not have',
      'take a grid with a rule, such as polynomial:7',
    );
  }
  const parts = 1 + substeps;
  const { solver, options } = parseSolver(text);
  const plan = solver.plan(grid.times(steps * parts, range), { options });
  checkTeacher(field, plan);
  return { plan, at: Array.from({ length: steps }, (_, n) => (n + 1) * parts) };
}
