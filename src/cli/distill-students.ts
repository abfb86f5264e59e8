import type { DistilledLearnable } from '../distill/distill-learnable.js';
import type { FamilyRecord } from '../distill/family-training.js';
import type { TeacherPool } from '../distill/pool.js';
import type { Score } from '../distill/score.js';
import type { Gpu } from '../gpu/gpu.js';
import { figure, plural } from '../report/number.js';
import type { Solver } from '../solver/define.js';
import type { RequestedStudent, StudentsRequest } from './distill-request.js';
import type { Learned } from './distill-run.js';
import { taught } from './distill-teacher.js';
import { type Progress, showProgress } from './progress.js';

type Pools = Record<'training' | 'validation', TeacherPool>;
type ShownRecord = Omit<FamilyRecord, 'parameters'> & { grid: string };

/** Shows on stderr how a student learns. */
export interface Shown {
  start(what: string, score: Score, untrained: Score): void;
  /** @param learned what stands behind the errors */
  record(record: ShownRecord, learned: string): void;
}

/** Distils a student for each NFE of a request from one run of the teacher. */
export async function distillEach(
  gpu: Gpu,
  request: StudentsRequest<Solver>,
  signal: AbortSignal,
  distil: (
    student: RequestedStudent,
    pools: Pools,
    shown: Shown,
  ) => Promise<Pick<DistilledLearnable, 'base' | 'start' | 'best' | 'seconds'>>,
): Promise<Pick<Learned, 'runs' | 'teacher'>> {
  const { iterations } = request.settings;
  const pools = await taught(gpu, request, signal);
  const runs: Learned['runs'] = [];
  for (const student of request.students) {
    const { nfe, grids } = student;
    process.stderr.write(`NFE ${nfe}: searching ${plural(grids.length, 'grid')} for a start\n`);
    let progress: Progress | undefined;
    let validation: number | undefined;
    const shown: Shown = {
      start(what, score, untrained) {
        const [mean, before] = [score.mean, untrained.mean].map(figure);
        process.stderr.write(`NFE ${nfe}: ${what}, error ${mean} (untrained ${before})\n`);
        progress = showProgress(iterations, `iterations at NFE ${nfe}`);
      },
      record(record, learned) {
        validation = record.validation?.mean ?? validation;
        progress?.update(record.iteration, describe(record, validation, learned));
      },
    };
    try {
      const { base, start, best, seconds } = await distil(student, pools, shown);
      runs.push({ nfe, base, start, best, seconds });
    } finally {
      progress?.stop();
    }
  }
  const { training, validation } = pools;
  return {
    runs,
    teacher: {
      seconds: training.seconds + validation.seconds,
      evaluations: training.evaluations + validation.evaluations,
    },
  };
}

function describe({ grid, loss, meanError }: ShownRecord, validation: number | undefined, learned: string) {
  const validated = validation === undefined ? '' : `, validation ${figure(validation)}`;
  return `${grid}: loss ${loss.toPrecision(3)}, error ${figure(meanError)}${validated}, ${learned}`;
}
