import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { AmedSolver, Answer } from '../solver/amed.js';
import { type AnswerScales, answersOf, parametersOf } from './answer-parameters.js';
import { type DistilledLearnable, distillLearnable } from './distill-learnable.js';
import type { FamilyRecord } from './family-training.js';
import type { Learnable, NamedTimes } from './learnable.js';
import type { TeacherPool } from './pool.js';
import type { Score } from './score.js';
import type { DistillSettings } from './settings.js';

/** Which student is to be distilled. */
export interface Student {
  solver: AmedSolver;
  options?: Record<string, unknown>;
  afs: boolean;
  /** Times to choose from, each of as many steps: the training takes the best. The first is the untrained base's. */
  grids: NamedTimes[];
}

/** A student that learned one answer a step, for all trajectories. */
export interface DistilledTable extends Pick<DistilledLearnable, 'base' | 'start' | 'best' | 'seconds'> {
  grid: string;
  times: number[];
  answers: Answer[];
  /** What the answers come from, three logits a step: `answersOf`. */
  parameters: Float64Array;
  /** Of the grid chosen. */
  history: TableRecord[];
}

export interface TableRecord extends Omit<FamilyRecord, 'parameters'> {
  grid: string;
  answers: Answer[];
}

export interface TableOptions {
  settings: DistillSettings;
  training: TeacherPool;
  validation: TeacherPool;
  onStart?: (start: { grid: string; r: number[]; score: Score }, base: Score) => void;
  /** Numbered from 1 over all grids that are tried. */
  onRecord?: (record: TableRecord) => void;
  signal?: AbortSignal;
}

/** Distils answers that all trajectories share by the robust recipe: `distillLearnable`. It needs no gradient of the field. */
export async function distillTable(
  gpu: Gpu,
  field: Field,
  student: Student,
  options: TableOptions,
): Promise<DistilledTable> {
  const { settings, training, validation, onStart, onRecord, signal } = options;
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
      ...{ settings, training, validation, signal },
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
