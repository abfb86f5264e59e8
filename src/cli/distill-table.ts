import { distillTable, type TableRecord } from '../distill/table.js';
import type { Gpu } from '../gpu/gpu.js';
import type { TablePredictor } from '../predictor/predictor.js';
import { figure, plural } from '../report/number.js';
import type { DistillRequest } from './distill-request.js';
import type { Learned } from './distill-run.js';
import { taught } from './distill-teacher.js';
import { type Progress, showProgress } from './progress.js';

/** Distils a table for each NFE of a request from one run of the teacher. */
export async function distillTables(
  gpu: Gpu,
  request: DistillRequest,
  signal: AbortSignal,
): Promise<Learned> {
  const { field, solver, options, afs, settings, text } = request;
  const pools = await taught(gpu, request, signal);
  const schedules: TablePredictor['schedules'] = [];
  const runs: Learned['runs'] = [];
  for (const { nfe, grids } of request.students) {
    process.stderr.write(`NFE ${nfe}: searching ${plural(grids.length, 'grid')} for a start\n`);
    const student = { solver, options, afs, grids };
    let progress: Progress | undefined;
    let validation: number | undefined;
    try {
      const { grid, times, answers, base, start, best, seconds } = await distillTable(gpu, field, student, {
        settings,
        ...pools,
        signal,
        onStart({ grid, r, score }, untrained) {
          const [mean, before] = [score.mean, untrained.mean].map(figure);
          process.stderr.write(
            `NFE ${nfe}: ${grid} at r = ${r.join(', ')}, error ${mean} (untrained ${before})\n`,
          );
          progress = showProgress(settings.iterations, `iterations at NFE ${nfe}`);
        },
        onRecord(record) {
          validation = record.validation?.mean ?? validation;
          progress?.update(record.iteration, describe(record, validation));
        },
      });
      schedules.push({ nfe, grid, times, answers });
      runs.push({ nfe, base, start, best, seconds });
    } finally {
      progress?.stop();
    }
  }
  const { training, validation } = pools;
  return {
    predictor: { kind: 'table', solver: text, afs, schedules },
    runs,
    teacher: {
      seconds: training.seconds + validation.seconds,
      evaluations: training.evaluations + validation.evaluations,
    },
  };
}

function describe({ grid, loss, meanError, answers }: TableRecord, validation: number | undefined): string {
  const r = answers.map((answer) => answer.r.toFixed(2)).join(' ');
  const validated = validation === undefined ? '' : `, validation ${figure(validation)}`;
  return `${grid}: loss ${loss.toPrecision(3)}, error ${figure(meanError)}${validated}, r ${r}`;
}
