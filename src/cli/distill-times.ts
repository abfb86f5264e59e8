import { type Learned, learnTimes } from '../distill/learned.js';
import type { TeacherPools } from '../distill/pool.js';
import type { StudentsRequest } from '../distill/request/students.js';
import type { Gpu } from '../gpu/gpu.js';
import { figure } from '../report/number.js';
import type { Solver } from '../solver/define.js';
import { showStudent } from './distill-students.js';

/** Distils the times of a solver for each NFE of a request from one run of the teacher. */
export async function distillRequestedTimes(
  gpu: Gpu,
  request: StudentsRequest<Solver>,
  pools: TeacherPools,
  finish: AbortSignal,
): Promise<Learned> {
  return learnTimes(gpu, request, pools, {
    finish,
    watch(student) {
      const shown = showStudent(student);
      return {
        onStart: ({ grid, score }, untrained) => shown.start(grid, score, untrained),
        onRecord: (record) =>
          shown.record(record, `times ${record.times.slice(1, -1).map(figure).join(' ')}`),
        onPlanned: shown.planned,
        stop: shown.stop,
      };
    },
  });
}
