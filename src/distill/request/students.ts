import { checkEntries, given } from '../../arguments.js';
import { FewstepError } from '../../errors.js';
import type { Field } from '../../field/field.js';
import { type Grid, gridFrom, type SigmaRange } from '../../grid/grid.js';
import { checkSigmaRange, rangeWithin } from '../../sample-range.js';
import type { Solver, SolverSettings } from '../../solver/define.js';
import { nfeOf, type Plan, refuseStochastic } from '../../solver/plan.js';
import { planFor } from '../../solver/plan-for.js';
import { reachesNfe, stepsForNfe } from '../../solver/registry.js';
import { type Budget, checkIterations } from '../budget.js';
import type { AnswerScales } from '../learnable/answer-parameters.js';
import type { Learnable, NamedTimes } from '../learnable/learnable.js';
import { searchedGrids } from '../learnable/start.js';
import { checkSettings, type DistillSettings } from '../settings.js';
import type { Distillation, Spelling } from './distillation.js';

/** A distillation of a solver's students, whatever of it is learned. */
export interface StudentsRequest<S extends Solver> {
  field: Field;
  solver: S;
  /** The solver as one writes it, and its options. */
  text: string;
  options: Record<string, unknown>;
  afs: boolean;
  range: SigmaRange;
  students: RequestedStudent[];
  settings: DistillSettings;
  /** In place of the settings' iterations, for each student. */
  budget?: Budget;
  /** Whose end points are learned, or compared with. */
  teacher: Plan;
}

/** A number of evaluations, and the grids to choose from: the first is the untrained base's. */
export interface RequestedStudent {
  nfe: number;
  grids: NamedTimes[];
}

/** The usual settings with what is asked for in place of them. @throws FewstepError as `checkSettings` */
export function settingsOf(asked: Distillation, usual: DistillSettings): DistillSettings {
  const { solver, nfe, grid } = { ...usual.teacher, ...given(asked.teacher ?? {}) };
  const { seed, trajectories, validation, batch, iterations, scaleDirection, scaleTime } = asked;
  const own = { seed, trajectories, validation, batch, iterations, scaleDirection, scaleTime };
  return checkSettings({ ...usual, teacher: { solver, nfe, grid }, ...given(own) });
}

/** @throws FewstepError bad-argument for a budget beside iterations, unreachable-budget for less than one of them */
export function checkBudgetOf({ budget, iterations }: Distillation, batch: number, spelt: Spelling): void {
  if (budget === undefined) return;
  if (iterations !== undefined) {
    throw new FewstepError(
      'bad-argument',
      `both ${spelt('budget')} and ${spelt('iterations')} are given`,
      'give one of them',
    );
  }
  checkIterations(budget, batch, spelt);
}

/** What makes a `Learnable` of a student: `learnableTable` or `learnableTimes`. */
export type ToLearnable<S extends Solver> = (
  student: Pick<StudentsRequest<S>, 'solver' | 'options' | 'afs'> & { grids: NamedTimes[] },
  scales: AnswerScales,
) => Learnable;

/** What all students of a request are to learn. @throws FewstepError bad-argument where that is nothing */
export function learnablesOf<S extends Solver>(
  { solver, options, afs, students }: Pick<StudentsRequest<S>, 'solver' | 'options' | 'afs' | 'students'>,
  scales: AnswerScales,
  toLearnable: ToLearnable<S>,
): Learnable[] {
  return students.map(({ grids }) => toLearnable({ solver, options, afs, grids }, scales));
}

/** The grid that stands for all those of a search. */
export const SEARCH = 'search';

/** The grids of each NFE; the solver's options and the grids are checked by making its plans. */
export function studentsOf(
  solver: Solver,
  nfes: readonly number[],
  settings: SolverSettings,
  grid: string | Grid,
  range: SigmaRange,
): RequestedStudent[] {
  return nfes.map((nfe) => {
    const grids = gridsOf(grid, stepsForNfe(solver, nfe, settings), range);
    for (const { times } of grids) solver.plan(times, settings);
    return { nfe, grids };
  });
}

function gridsOf(grid: string | Grid, steps: number, range: SigmaRange): NamedTimes[] {
  if (grid === SEARCH) return searchedGrids(steps, range);
  const rule = gridFrom(grid);
  return [{ name: typeof grid === 'string' ? grid : rule.name, times: rule.times(steps, range) }];
}

/**
 * Where teacher and students begin and end: listed times say so themselves.
 * @throws FewstepError bad-argument for another range than that of listed times, or one that the field does not know
 */
export function rangeFor(
  field: Field,
  grid: string | Grid | undefined,
  asked: Partial<SigmaRange> = {},
): SigmaRange {
  checkEntries<Partial<SigmaRange>>('the range', asked, { sigmaMin: false, sigmaMax: false });
  const listed = grid === undefined || grid === SEARCH ? undefined : endsOf(grid);
  const range = rangeWithin(field, { ...listed, ...given(asked) });
  if (!listed || (range.sigmaMin === listed.sigmaMin && range.sigmaMax === listed.sigmaMax)) return range;
  throw new FewstepError(
    'bad-argument',
    `the grid lists times from sigma ${listed.sigmaMax} to ${listed.sigmaMin}, and the range is ${range.sigmaMax} to ${range.sigmaMin}`,
    'leave the range out, or list times that begin and end there: teacher and students do so alike',
  );
}

function endsOf(grid: string | Grid): SigmaRange | undefined {
  const rule = gridFrom(grid);
  if (rule.steps === undefined) return undefined;
  const times = rule.times(rule.steps);
  return { sigmaMin: times[rule.steps], sigmaMax: times[0] };
}

/**
 * @throws FewstepError bad-argument for a teacher that makes no more evaluations than its students, draws noise, or runs
 *   through noise levels that the field does not know
 */
export function teacherOf(
  field: Field,
  { teacher }: DistillSettings,
  range: SigmaRange,
  nfes: readonly number[],
  spelt: Spelling,
): Plan {
  const plan = planFor({ ...teacher, range });
  checkTeacher(field, plan);
  const most = Math.max(...nfes);
  if (nfeOf(plan) > most) return plan;
  throw new FewstepError(
    'bad-argument',
    `the teacher makes ${nfeOf(plan)} evaluations, and its student ${most}`,
    `give it a larger NFE (${spelt('teacher.nfe')}): a teacher has to be far more accurate than its student`,
  );
}

/** @throws FewstepError bad-argument for a plan that draws noise, or has noise levels that the field does not know */
export function checkTeacher(field: Field, plan: Plan): void {
  checkSigmaRange(field, plan);
  refuseStochastic(
    plan,
    'take a teacher of the ODE, such as unipc-3: students learn where its trajectories end',
  );
}

/**
 * Whether the first step is analytical, which one predictor says for all its NFE: solvers of two evaluations a step, as
 * AMED's are, take it for odd numbers.
 * @throws FewstepError unreachable-nfe
 */
export function afsFor(
  solver: Solver,
  options: Record<string, unknown>,
  nfes: readonly number[],
  given: boolean | undefined,
): boolean {
  if (given !== undefined) return given;
  const reachable = (nfe: number, afs: boolean) => reachesNfe(solver, nfe, { afs, options });
  const fitting = [false, true].find((afs) => nfes.every((nfe) => reachable(nfe, afs)));
  if (fitting !== undefined) return fitting;
  const [without] = nfes.filter((nfe) => reachable(nfe, false));
  const [withAfs] = nfes.filter((nfe) => reachable(nfe, true));
  if (without === undefined || withAfs === undefined) return withAfs !== undefined;
  throw new FewstepError(
    'unreachable-nfe',
    `${solver.name} makes ${withAfs} evaluations with an analytical first step and ${without} without`,
    'a predictor has one or the other: distil odd and even NFE into two files',
  );
}
