import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { AmedSolver, Answer } from '../../solver/amed.js';
import type { Budget } from '../budget.js';
import type { TeacherPool } from '../pool.js';
import type { Score } from '../score.js';
import type { DistillSettings } from '../settings.js';
import type { FamilyRecord } from '../training/family-training.js';
import { type AnswerScales, answersOf, parametersOf } from './answer-parameters.js';
import { type DistilledLearnable, distillLearnable } from './distill-learnable.js';
import type { Learnable, NamedTimes } from './learnable.js';
import { checkLearning } from './learnable-check.js';

/** Which student is to be distilled. */
export interface Student {
  solver: AmedSolver;
  /** Of the solver, as its `plan` takes them. */
  options?: Record<string, unknown>;
  /** Whether its first evaluation is analytical. */
  afs: boolean;
  /**
   * One or more lists of times to choose from, each of as many steps: the training takes the best. The first is the
   * untrained base's.
   */
  grids: NamedTimes[];
}

/** A student that learned one answer a step, for all trajectories. */
export interface DistilledTable
  extends Pick<DistilledLearnable, 'base' | 'start' | 'best' | 'iterations' | 'seconds'> {
  /** Name of the grid chosen. */
  grid: string;
  /** Its decreasing times, sigma, [steps + 1]. */
  times: number[];
  /** One a step. */
  answers: Answer[];
  /** What the answers come from, three logits a step. */
  parameters: Float64Array;
  /** Of the grid chosen. */
  history: TableRecord[];
}

/** One iteration of a table's training. */
export interface TableRecord extends Omit<FamilyRecord, 'parameters'> {
  /** Name of the grid that it was on. */
  grid: string;
  /** After the iteration, one a step. */
  answers: Answer[];
}

/** The teacher's trajectories that a table learns from and is chosen by, and how long it learns. */
export interface TableOptions {
  /** Used of them: batch, iterations, seed and both scales. `ROBUST` are the usual ones. */
  settings: DistillSettings;
  /** In place of `settings.iterations`: what search and training may take together, the teacher aside. */
  budget?: Budget;
  /** Of the states the last alone, the end points. */
  training: TeacherPool;
  /** Trajectories of the same teacher from other latents, see `poolSeeds`. */
  validation: TeacherPool;
  /**
   * Once, when the search is over: the best start with its r of each step, and the untrained base on the first grid.
   */
  onStart?: (start: { grid: string; r: number[]; score: Score }, base: Score) => void;
  /** How many iterations there will be in all; told again where a budget has room for others. */
  onPlanned?: (iterations: number) => void;
  /** Numbered from 1 over all grids that are tried. */
  onRecord?: (record: TableRecord) => void;
  signal?: AbortSignal;
  /**
   * Ends the training early: the best of what was learned until then is the result. During the search for a start it
   * rejects, as `signal` does.
   */
  finish?: AbortSignal;
}

/**
 * Distils answers that all trajectories share: what AMED's network answers (arXiv 2312.00094), one r and two scales a
 * step, as numbers. The recipe is our own: a start from a search over grids and over r of each step, then Gauss-Newton
 * through whole trajectories, longest on the grid that does best. Of all states validated, the untrained base included,
 * the best. It needs no gradient of the field.
 * @throws FewstepError bad-argument for options that the solver does not take, bad-grid for impossible times, bad-shape
 *   for trajectories of another dimension, device-limit; bad-field where a model of the user's fails. What diverges
 *   throws nothing: its score is infinite
 */
export async function distillTable(
  gpu: Gpu,
  field: Field,
  student: Student,
  options: TableOptions,
): Promise<DistilledTable> {
  checkLearning('distillTable', [gpu, field, student, options], {
    method: 'planWith',
    remedy: "give one of `amedSolvers`, such as amedSolver('amed').solver",
    settings: ['batch', 'iterations', 'seed', 'scaleDirection', 'scaleTime'],
  });
  const { settings, budget, training, validation, onStart, onPlanned, onRecord, signal, finish } = options;
  const recordOf = ({ parameters, ...rest }: FamilyRecord, { name }: NamedTimes): TableRecord => ({
    ...rest,
    grid: name,
    answers: answersOf(parameters, settings),
  });
  const { grid, history, ...learned } = await distillLearnable(
    gpu,
    field,
    learnableTable(student, settings),
    {
      ...{ settings, budget, training, validation, onPlanned, signal, finish },
      onStart: ({ grid: { name }, r, score }, base) => onStart?.({ grid: name, r: r!, score }, base),
      onRecord: (record, of) => onRecord?.(recordOf(record, of)),
    },
  );
  return {
    ...learned,
    grid: grid.name,
    times: grid.times,
    answers: answersOf(learned.parameters, settings),
    history: history.map((record) => recordOf(record, grid)),
  };
}

/** A student whose parameters are the logits of its answers. */
export function learnableTable({ solver, options, afs, grids }: Student, scales: AnswerScales): Learnable {
  return {
    grids,
    plan: (times, parameters) => solver.planWith(times, answersOf(parameters, scales), { afs, options }),
    untrained: (steps) => parametersOf(new Array<number>(steps).fill(0.5)),
    withR: parametersOf,
  };
}
