import type { RequestedStudent } from '../distill/request/students.js';
import type { Score } from '../distill/score.js';
import type { FamilyRecord } from '../distill/training/family-training.js';
import { figure, plural } from '../report/number.js';
import { type Progress, showProgress } from './progress.js';

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
