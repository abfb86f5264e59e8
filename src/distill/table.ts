import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { random } from '../problem/random.js';
import { type AmedSolver, type Answer, fixedAnswers } from '../solver/amed.js';
import { planFamily } from '../solver/plan-family.js';
import { answersOf, parametersOf } from './answer-parameters.js';
import { trainFamily } from './family-training.js';
import type { TeacherPool } from './pool.js';
import { type Score, scoreOf } from './score.js';
import type { DistillSettings } from './settings.js';
import { refineStart, searchStart } from './start.js';

/** Which student is to be distilled. */
export interface Student {
  solver: AmedSolver;
  options?: Record<string, unknown>;
  afs: boolean;
  /** Times to choose from, each of as many steps: the search takes the best. The first is the untrained base's. */
  grids: { name: string; times: number[] }[];
}

/** A student that learned one answer a step, for all trajectories. */
export interface DistilledTable {
  grid: string;
  times: number[];
  answers: Answer[];
  /** What the answers come from, three logits a step: `answersOf`. */
  parameters: Float64Array;
  /** On the validation trajectories: r = 1/2 on the first grid, where the training began, and what it led to. */
  base: Score;
  start: Score;
  best: Score;
  history: TableRecord[];
  seconds: { search: number; training: number };
}

export interface TableRecord {
  iteration: number;
  loss: number;
  meanError: number;
  answers: Answer[];
  /** Where the state was validated. */
  validation?: Score;
}

export interface TableOptions {
  settings: DistillSettings;
  training: TeacherPool;
  validation: TeacherPool;
  onStart?: (start: { grid: string; r: number[]; score: Score }, base: Score) => void;
  onRecord?: (record: TableRecord) => void;
  signal?: AbortSignal;
}

/** How answers that all trajectories share are trained. */
export const TABLE_TRAINING = { validateEvery: 20, rate: 0.15, warmup: 10, optimiser: 'adam' } as const;

/**
 * The robust recipe for answers that all trajectories share: a start from a search over grids and r, then over r of each
 * step, training through the whole trajectory to the teacher's end point, and of all states validated, those before the
 * training included, the best.
 */
export async function distillTable(
  gpu: Gpu,
  field: Field,
  student: Student,
  options: TableOptions,
): Promise<DistilledTable> {
  const { settings, validation, training, onStart, onRecord, signal } = options;
  const { solver, afs, grids } = student;
  const planOf = (times: number[], answers: Answer[]) =>
    solver.planWith(times, answers, { afs, options: student.options });
  const score = (times: number[], answers: Answer[], pool: TeacherPool) =>
    scoreOf(gpu, field, planOf(times, answers), pool);

  let begin = performance.now();
  const base = await score(grids[0].times, fixedAnswers(grids[0].times), validation);
  const start = await searchStart(gpu, field, student, { training, validation, base, signal });
  const refined = await refineStart(gpu, field, student, start, { training, validation, signal });
  onStart?.({ grid: start.grid.name, ...refined }, base);
  const search = (performance.now() - begin) / 1000;

  begin = performance.now();
  const { times } = start.grid;
  const steps = times.length - 1;
  const family = planFamily((p) => planOf(times, answersOf(p, settings)), probes(3 * steps));
  const parameters = parametersOf(refined.r);
  const scales = [1, settings.scaleDirection > 0 ? 1 : 0, settings.scaleTime > 0 ? 1 : 0];
  const history: TableRecord[] = [];
  const best = await trainFamily(
    gpu,
    field,
    family,
    { parameters, score: refined.score },
    {
      ...TABLE_TRAINING,
      training,
      validation,
      batch: settings.batch,
      iterations: settings.iterations,
      rates: Float64Array.from(parameters, (_, i) => TABLE_TRAINING.rate * scales[i % 3]),
      seed: settings.seed,
      signal,
      onRecord({ parameters: state, ...rest }) {
        const record = { ...rest, answers: answersOf(state, settings) };
        history.push(record);
        onRecord?.(record);
      },
    },
  );
  return {
    grid: start.grid.name,
    times,
    answers: answersOf(best.parameters, settings),
    parameters: best.parameters,
    base,
    start: refined.score,
    best: best.score,
    history,
    seconds: { search, training: (performance.now() - begin) / 1000 },
  };
}

/** Two sets of so many parameters that have nothing in common. */
export function probes(count: number): [Float64Array, Float64Array] {
  const draw = (stream: number) => {
    const source = random(1, stream);
    return Float64Array.from({ length: count }, () => source.between(-0.5, 0.5));
  };
  return [draw(1), draw(2)];
}
