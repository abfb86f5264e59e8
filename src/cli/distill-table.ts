import { distillTable } from '../distill/table.js';
import type { Gpu } from '../gpu/gpu.js';
import type { TablePredictor } from '../predictor/predictor.js';
import type { DistillRequest } from './distill-request.js';
import type { Learned } from './distill-run.js';
import { distillEach } from './distill-students.js';

/** Distils a table for each NFE of a request from one run of the teacher. */
export async function distillTables(
  gpu: Gpu,
  request: DistillRequest,
  signal: AbortSignal,
): Promise<Learned> {
  const { field, solver, options, afs, settings, text } = request;
  const schedules: TablePredictor['schedules'] = [];
  const { runs, teacher } = await distillEach(gpu, request, signal, async ({ nfe, grids }, pools, shown) => {
    const student = { solver, options, afs, grids };
    const { grid, times, answers, ...learned } = await distillTable(gpu, field, student, {
      ...{ settings, ...pools, signal },
      onStart: ({ grid: name, r, score }, untrained) =>
        shown.start(`${name} at r = ${r.join(', ')}`, score, untrained),
      onRecord: (record) =>
        shown.record(record, `r ${record.answers.map(({ r }) => r.toFixed(2)).join(' ')}`),
    });
    schedules.push({ nfe, grid, times, answers });
    return learned;
  });
  return { predictor: { kind: 'table', solver: text, afs, schedules }, runs, teacher };
}
