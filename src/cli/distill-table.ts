import { learnableTable } from '../distill/learnable/table.js';
import { type Learned, learnTables } from '../distill/learned.js';
import type { StudentsRequest } from '../distill/request/students.js';
import type { Gpu } from '../gpu/gpu.js';
import type { AmedSolver } from '../solver/amed.js';
import { sayIfStudentsAreSlow, showStudent } from './distill-students.js';
import { taught } from './distill-teacher.js';

/** Distils a table for each NFE of a request from one run of the teacher. */
export async function distillTables(
  gpu: Gpu,
  request: StudentsRequest<AmedSolver>,
  finish: AbortSignal,
): Promise<Learned> {
  const pools = await taught(gpu, request, finish);
  sayIfStudentsAreSlow(request, pools, learnableTable);
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
