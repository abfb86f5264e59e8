import { distillTimes } from '../distill/times.js';
import type { Gpu } from '../gpu/gpu.js';
import type { TimesPredictor } from '../predictor/predictor.js';
import { figure } from '../report/number.js';
import type { Solver } from '../solver/define.js';
import type { StudentsRequest } from './distill-request.js';
import type { Learned } from './distill-run.js';
import { distillEach } from './distill-students.js';

/** Distils the times of a solver for each NFE of a request from one run of the teacher. */
export async function distillRequestedTimes(
  gpu: Gpu,
  request: StudentsRequest<Solver>,
  signal: AbortSignal,
): Promise<Learned> {
  const { field, solver, options, afs, settings, text } = request;
  const schedules: TimesPredictor['schedules'] = [];
  const { runs, teacher } = await distillEach(gpu, request, signal, async ({ nfe, grids }, pools, shown) => {
    const student = { solver, options, afs, grids };
    const { grid, times, told, ...learned } = await distillTimes(gpu, field, student, {
      ...{ settings, ...pools, signal },
      onStart: ({ grid: name, score }, untrained) => shown.start(name, score, untrained),
      onRecord: (record) => shown.record(record, `times ${record.times.slice(1, -1).map(figure).join(' ')}`),
    });
    schedules.push({ nfe, grid, times, told });
    return learned;
  });
  return { predictor: { kind: 'times', solver: text, afs, schedules }, runs, teacher };
}
