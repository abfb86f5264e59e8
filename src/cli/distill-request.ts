import type { Budget } from '../distill/budget.js';
import { RECIPES, type Recipe } from '../distill/network.js';
import {
  checkSettings,
  type DistillSettings,
  NETWORK_BATCH,
  publishedSettings,
  ROBUST,
} from '../distill/settings.js';
import {
  afsFor,
  type RequestedStudent,
  rangeFor,
  SEARCH,
  type StudentsRequest,
  studentsOf,
  teacherOf,
} from '../distill/students.js';
import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import { parseGrid, type SigmaRange } from '../grid/grid.js';
import type { FieldOptions } from '../node/field/load.js';
import type { FeatureSource } from '../predictor/network-config.js';
import { amedSolver } from '../predictor/predictor.js';
import type { AmedSolver } from '../solver/amed.js';
import { spell } from '../solver/define.js';
import type { Plan } from '../solver/plan.js';
import { parseSolver } from '../solver/registry.js';

export { RECIPES };
export const KINDS = ['table', 'network'] as const;
export type Kind = (typeof KINDS)[number];
export const SOURCES: readonly FeatureSource[] = ['times', 'state', 'hidden'];

/** What the command line says, as commander hands it over; what is not given is undefined. */
export interface DistillOptions extends FieldOptions {
  field: string;
  solver: string;
  nfe: number[];
  afs?: boolean;
  grid?: string;
  recipe?: Recipe;
  kind?: Kind;
  reads?: FeatureSource;
  teacher?: string;
  teacherNfe?: number;
  teacherGrid?: string;
  teacherSubsteps?: number;
  trajectories?: number;
  validation?: number;
  batch?: number;
  iterations?: number;
  scaleDir?: number;
  scaleTime?: number;
  candidates?: number;
  candidateIterations?: number;
  netIterations?: number;
  formulas?: string[];
  starts?: string[];
  budget?: Budget;
  /** A predictor's file. */
  from?: string;
  seed?: number;
  sigmaMin?: number;
  sigmaMax?: number;
}

/** A distillation of an AMED solver's answers to do. */
export interface DistillRequest extends StudentsRequest<AmedSolver> {
  recipe: Recipe;
  kind: Kind;
  /** What a network reads. */
  reads: FeatureSource;
  /** The published recipe's: it passes through every time of the student's grid. */
  stepwise?: StepwiseTeacher;
}

/** A teacher whose grid is the student's with more times within each step. */
export interface StepwiseTeacher {
  plan: Plan;
  /** Which of its times are the student's, the first aside. */
  at: number[];
}

/** @throws FewstepError for a distillation that cannot be, before anything runs */
export function distillRequest(options: DistillOptions, field: Field): DistillRequest {
  const given: AmedOptions = { ...options, recipe: options.recipe ?? 'robust' };
  const kind = kindOf(given);
  checkTeacherOptions(given);
  const { solver, options: chosen } = amedSolver(given.solver);
  if ('r' in chosen) {
    throw new FewstepError('bad-argument', `${given.solver}: r is what is learned`, 'leave it out');
  }
  const afs = afsFor(solver, chosen, given.nfe, given.afs);
  const range = rangeOf(field, given);
  const published = given.recipe === 'published';
  if (published && given.nfe.length > 1) {
    throw new FewstepError(
      'bad-argument',
      'the published recipe trains one predictor for one NFE',
      'give one --nfe, or --recipe robust',
    );
  }
  const recommended = publishedSettings(solver.name);
  const grid = given.grid ?? (published ? recommended.grid : SEARCH);
  if (published && grid === SEARCH) {
    throw new FewstepError(
      'bad-argument',
      'the published recipe does not search its grid',
      `leave --grid out for ${recommended.grid}, or name one`,
    );
  }
  const students = studentsOf(solver, given.nfe, { afs, options: chosen }, grid, range);
  const settings = settingsOf(given, usualSettings(kind, published ? recommended.settings : ROBUST));
  const teacher = teacherOf(field, settings, range, given.nfe);
  const stepwise = published ? stepwiseTeacher(given, recommended, grid, students[0], range) : undefined;
  return {
    field,
    recipe: given.recipe,
    kind,
    reads: given.reads ?? (field.features ? 'hidden' : published ? 'times' : 'state'),
    solver,
    text: spell(solver.name, chosen, {}),
    options: chosen,
    afs,
    range,
    students,
    settings,
    teacher,
    stepwise,
  };
}

/** The grid's own where it lists its times. @throws FewstepError bad-argument for another besides */
export function rangeOf(field: Field, { grid, sigmaMin, sigmaMax }: DistillOptions): SigmaRange {
  return rangeFor(field, grid, {
    ...(sigmaMin !== undefined && { sigmaMin }),
    ...(sigmaMax !== undefined && { sigmaMax }),
  });
}

/** @throws FewstepError bad-argument where an option is given that says nothing of what is distilled */
export function refuseOptions(
  given: DistillOptions,
  foreign: Readonly<Partial<Record<keyof DistillOptions, string>>>,
  what: string,
): void {
  for (const [name, why] of Object.entries(foreign)) {
    if (given[name as keyof DistillOptions] === undefined) continue;
    throw new FewstepError('bad-argument', `--${flag(name)} does not apply to ${what}`, why);
  }
}

/** An option as one writes it behind --. */
export function flag(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

type AmedOptions = DistillOptions & { recipe: Recipe };

function kindOf({ kind, recipe, reads }: AmedOptions): Kind {
  if (recipe === 'published' && kind === 'table') {
    throw new FewstepError(
      'bad-argument',
      'the published recipe trains networks, not tables',
      'leave out --kind, or take --recipe robust',
    );
  }
  const chosen = kind ?? (recipe === 'published' ? 'network' : 'table');
  if (reads === undefined || chosen === 'network') return chosen;
  throw new FewstepError('bad-argument', '--reads does not apply to a table', 'give --kind network with it');
}

function checkTeacherOptions({ recipe, teacherSubsteps, teacherNfe, teacherGrid }: AmedOptions): void {
  if (recipe === 'robust' && teacherSubsteps !== undefined) {
    throw new FewstepError(
      'bad-argument',
      '--teacher-substeps is of the published recipe',
      'give --teacher-nfe, or --recipe published',
    );
  }
  if (recipe === 'robust' || (teacherNfe === undefined && teacherGrid === undefined)) return;
  throw new FewstepError(
    'bad-argument',
    `--teacher-${teacherNfe === undefined ? 'grid' : 'nfe'} does not apply to the published recipe`,
    "give --teacher-substeps: its teacher's times are the student's with more between them",
  );
}

/** @throws FewstepError bad-argument for a grid that has no times between its times */
function stepwiseTeacher(
  given: AmedOptions,
  recommended: ReturnType<typeof publishedSettings>,
  grid: string,
  { grids: [{ times }] }: RequestedStudent,
  range: SigmaRange,
): StepwiseTeacher {
  if (grid.startsWith('explicit')) {
    throw new FewstepError(
      'bad-argument',
      'the teacher of the published recipe needs times between those of the grid, which a list does not have',
      'take a grid with a rule, such as polynomial:7',
    );
  }
  const parts = 1 + (given.teacherSubsteps ?? recommended.teacherSubsteps);
  const steps = times.length - 1;
  const { solver, options } = parseSolver(given.teacher ?? recommended.teacher);
  return {
    plan: solver.plan(parseGrid(grid).times(steps * parts, range), { options }),
    at: Array.from({ length: steps }, (_, n) => (n + 1) * parts),
  };
}

function usualSettings(kind: Kind, settings: DistillSettings): DistillSettings {
  return kind === 'table' ? settings : { ...settings, batch: NETWORK_BATCH };
}

export function settingsOf(given: AmedOptions, usual: DistillSettings): DistillSettings {
  const trajectories = given.trajectories ?? usual.trajectories;
  const batch = given.batch ?? usual.batch;
  // Each trajectory once.
  const epoch = Math.floor(trajectories / batch);
  return checkSettings({
    seed: given.seed ?? usual.seed,
    teacher: {
      solver: (given.recipe === 'robust' ? given.teacher : undefined) ?? usual.teacher.solver,
      nfe: given.teacherNfe ?? usual.teacher.nfe,
      grid: given.teacherGrid ?? usual.teacher.grid,
    },
    trajectories,
    validation: given.validation ?? usual.validation,
    batch,
    iterations: given.iterations ?? (given.recipe === 'published' ? epoch : usual.iterations),
    scaleDirection: given.scaleDir ?? usual.scaleDirection,
    scaleTime: given.scaleTime ?? usual.scaleTime,
  });
}
