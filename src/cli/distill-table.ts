import { type Learned, learnTables } from '../distill/learned.js';
import type { TeacherPools } from '../distill/pool.js';
import type { StudentsRequest } from '../distill/request/students.js';
import type { Gpu } from '../gpu/gpu.js';
import type { AmedSolver } from '../solver/amed.js';
import { showStudent } from './distill-students.js';

/** Distils a table for each NFE of a request from one run of the teacher. */
export async function distillTables(
  gpu: Gpu,
  request: StudentsRequest<AmedSolver>,
  pools: TeacherPools,
  finish: AbortSignal,
): Promise<Learned> {
  return learnTables(gpu, request, pools, {
    finish,
    watch(student) {
      const shown = showStudent(student);
      return {
        onStart: ({ grid, r, score }, untrained) =>
          shown.start(`${grid} at r = ${r.join(', ')}`, score, untrained),
        onRecord: (record) =>
          shown.record(record, `r ${record.answers.map(({ r }) => r.toFixed(2)).join(' ')}`),
        onPlanned: shown.planned,
        stop: shown.stop,
      };
    },
  });
}
