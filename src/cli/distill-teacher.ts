import { runTeacherTwice, type TeacherPools } from '../distill/pool.js';
import type { StudentsRequest } from '../distill/request/students.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Solver } from '../solver/define.js';
import { showProgress } from './progress.js';

/** The teacher's trajectories to learn from, and those to choose the best state by. */
export async function taught(
  gpu: Gpu,
  { field, settings, teacher }: Pick<StudentsRequest<Solver>, 'field' | 'settings' | 'teacher'>,
  signal: AbortSignal,
): Promise<TeacherPools> {
  const total = settings.trajectories + settings.validation;
  const progress = showProgress(total, 'trajectories of the teacher');
  try {
    return await runTeacherTwice(gpu, field, teacher, settings, { onProgress: progress.update, signal });
  } finally {
    progress.stop();
  }
}
