import type { Gpu } from '../../gpu/gpu.js';
import type { FeatureSource } from '../../predictor/network-config.js';
import type { AmedSolver } from '../../solver/amed.js';
import type { Plan } from '../../solver/plan.js';
import { costOf, type Learned } from '../learned.js';
import { poolSeeds, runTeacher, type TeacherOptions, type TeacherPool, type TeacherPools } from '../pool.js';
import type { StudentsRequest } from '../request/students.js';
import { distillNetwork, type NetworkOptions, type Recipe } from './network.js';

/** A distillation of a network to do. */
export interface NetworkRequest extends StudentsRequest<AmedSolver> {
  recipe: Recipe;
  reads: FeatureSource;
  /** The published recipe's: what the network learns from. */
  stepwise?: StepwiseTeacher;
}

/** A teacher whose grid is the student's with more times within each step. */
export interface StepwiseTeacher {
  plan: Plan;
  /** Which of its times are the student's, the first aside. */
  at: number[];
}

/** Runs it: its state at each time of the student's grid. @throws FewstepError as `runTeacher` */
export function runStepwiseTeacher(
  gpu: Gpu,
  { field, settings: { trajectories, seed } }: NetworkRequest,
  { plan, at }: StepwiseTeacher,
  watching: Pick<TeacherOptions, 'onProgress' | 'signal'> = {},
): Promise<TeacherPool> {
  const chunk = Math.max(256, Math.ceil(trajectories / 32));
  return runTeacher(gpu, field, plan, {
    ...{ count: trajectories, seed: poolSeeds(seed).training, at, chunk },
    ...watching,
  });
}

/**
 * One network for all NFE of a request.
 * @param pools of the robust teacher, whose end points errors are measured against
 * @param lessons of the stepwise teacher, in place of those to learn from
 */
export async function learnNetwork(
  gpu: Gpu,
  request: NetworkRequest,
  { training, validation }: TeacherPools,
  lessons: TeacherPool | undefined,
  watching: Pick<NetworkOptions, 'onTable' | 'onStart' | 'onRecord' | 'signal' | 'finish'>,
): Promise<Learned> {
  const { field, solver, options, afs, settings, text, recipe, reads, students } = request;
  const learned = await distillNetwork(
    gpu,
    field,
    students.map(({ grids }) => ({ solver, options, afs, grids })),
    {
      ...{ settings, recipe, reads, validation, ...watching },
      // With several NFE the network has to tell them apart by itself.
      tableFirst: students.length === 1,
      training: students.map(() => lessons ?? training),
    },
  );
  const { config, parameters, figures, iterations, seconds, endedEarly } = learned;
  const schedules = learned.students.map(({ grid, times, offsets }, i) => ({
    nfe: students[i].nfe,
    grid,
    times,
    ...(offsets && { offsets }),
  }));
  const share = (whole: number) => whole / students.length;
  const cost = costOf({ training, validation });
  return {
    predictor: { kind: 'network', solver: text, afs, schedules, config, parameters, figures },
    runs: learned.students.map(({ base, start, best }, i) => ({
      ...{ nfe: students[i].nfe, base, start, best, iterations },
      // One training for all.
      seconds: { search: share(seconds.search), training: share(seconds.training) },
    })),
    teacher: {
      seconds: cost.seconds + (lessons?.seconds ?? 0),
      evaluations: cost.evaluations + (lessons?.evaluations ?? 0),
    },
    ...(endedEarly && { endedEarly: { missing: [] } }),
  };
}
