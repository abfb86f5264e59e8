import { costOf } from '../distill/learned.js';
import { SEARCH_TRAJECTORIES, type TeacherPools } from '../distill/pool.js';
import { neededByLearnable } from '../distill/request/needed-evaluations.js';
import {
  learnablesOf,
  type RequestedStudent,
  type StudentsRequest,
  type ToLearnable,
} from '../distill/request/students.js';
import type { Score } from '../distill/score.js';
import type { FamilyRecord } from '../distill/training/family-training.js';
import { figure, plural } from '../report/number.js';
import type { Solver } from '../solver/define.js';
import { type Progress, showProgress } from './progress.js';
import { sayIfSlow } from './slow-hint.js';

/** By mean, unipc-2 and amed-ipndm on the networks of two moons and of digits, NFE 3, 5 and 7, three seeds (docs/results.md). */
const MODEST = { budget: 100_000, farther: '1.0 to 1.1' };

/** Says where the trainings of a request will take long, at the teacher's rate. */
export function sayIfStudentsAreSlow<S extends Solver>(
  request: StudentsRequest<S>,
  pools: TeacherPools,
  toLearnable: ToLearnable<S>,
): void {
  if (request.budget) return;
  const evaluations = studentsEvaluations(request, toLearnable);
  sayIfSlow({ students: request.students.length, evaluations }, costOf(pools), MODEST);
}

/** Evaluations of all trainings of a request. */
export function studentsEvaluations<S extends Solver>(
  request: StudentsRequest<S>,
  toLearnable: ToLearnable<S>,
): number {
  const { settings } = request;
  const size = { ...settings, searched: SEARCH_TRAJECTORIES };
  const learnables = learnablesOf(request, settings, toLearnable);
  return learnables.reduce((sum, student) => sum + neededByLearnable(student, size), 0);
}

type ShownRecord = Omit<FamilyRecord, 'parameters'> & { grid: string };

/** Shows on stderr how a student learns. */
export interface Shown {
  start(what: string, score: Score, untrained: Score): void;
  planned(iterations: number): void;
  /** @param learned what stands behind the errors */
  record(record: ShownRecord, learned: string): void;
  stop(): void;
}

/** Shows how the student of one NFE learns, from the search for its start on. */
export function showStudent({ nfe, grids }: RequestedStudent): Shown {
  process.stderr.write(`NFE ${nfe}: searching ${plural(grids.length, 'grid')} for a start\n`);
  let progress: Progress | undefined;
  let validation: number | undefined;
  let done = 0;
  return {
    start(what, score, untrained) {
      const [mean, before] = [score.mean, untrained.mean].map(figure);
      process.stderr.write(`NFE ${nfe}: ${what}, error ${mean} (untrained ${before})\n`);
    },
    planned(iterations) {
      progress?.stop();
      progress = showProgress(iterations, `iterations at NFE ${nfe}`, process.stderr, done);
    },
    record(record, learned) {
      done = record.iteration;
      validation = record.validation?.mean ?? validation;
      progress?.update(record.iteration, describe(record, validation, learned));
    },
    stop: () => progress?.stop(),
  };
}

function describe({ grid, loss, meanError }: ShownRecord, validation: number | undefined, learned: string) {
  const validated = validation === undefined ? '' : `, validation ${figure(validation)}`;
  return `${grid}: loss ${loss.toPrecision(3)}, error ${figure(meanError)}${validated}, ${learned}`;
}
