import {
  poolSeeds,
  runTeacher,
  runTeacherTwice,
  type TeacherPool,
  type TeacherPools,
} from '../distill/pool.js';
import type { Gpu } from '../gpu/gpu.js';
import type { DistillRequest, StepwiseTeacher } from './distill-request.js';
import { showProgress } from './progress.js';

/** The teacher's trajectories to learn from, and those to choose the best state by. */
export async function taught(
  gpu: Gpu,
  { field, settings, teacher }: Pick<DistillRequest, 'field' | 'settings' | 'teacher'>,
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

/** The published recipe's teacher: its state at each time of the student's grid. */
export async function showTeacher(
  gpu: Gpu,
  { field, settings: { trajectories, seed } }: DistillRequest,
  { plan, at }: StepwiseTeacher,
  signal: AbortSignal,
): Promise<TeacherPool> {
  const progress = showProgress(trajectories, 'trajectories of the stepwise teacher');
  try {
    return await runTeacher(gpu, field, plan, {
      count: trajectories,
      seed: poolSeeds(seed).training,
      at,
      chunk: Math.max(256, Math.ceil(trajectories / 32)),
      signal,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
}
