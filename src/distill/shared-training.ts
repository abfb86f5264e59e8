import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { random } from '../problem/random.js';
import type { PlanFamily } from '../solver/plan-family.js';
import { FullMatrixAdam } from './full-matrix-adam.js';
import type { TeacherPool } from './pool.js';
import { WholeTrajectory } from './whole-trajectory.js';

/** One of several solvers that share their parameters: on a field of its own, or at an NFE of its own. */
export interface SharedTask {
  field: Field;
  family: PlanFamily;
  training: TeacherPool;
  /** The median error where the training begins. */
  reference: number;
}

export interface SharedTrainingOptions {
  /** Trajectories of a task in a batch. */
  batch: number;
  /** Tasks, drawn at random, whose mean gradient an iteration follows. */
  tasks: number;
  iterations: number;
  rates: ArrayLike<number>;
  warmup: number;
  seed: number;
  validateEvery: number;
  /** Of parameters, over all tasks: the lower the better. */
  validate(parameters: Float64Array): Promise<number>;
  onRecord?: (iteration: number, score: number) => void;
  signal?: AbortSignal;
}

/** Part of the squared reference error that is added to squared errors. */
const SOFTENING = 1e-3;

/**
 * Trains parameters that several solvers share: the mean over the tasks of the logarithmic loss, which does not care how
 * hard a task is. Of all states validated, the start included, the best.
 */
export async function trainShared(
  gpu: Gpu,
  tasks: readonly SharedTask[],
  start: { parameters: Float64Array; score: number },
  options: SharedTrainingOptions,
): Promise<{ parameters: Float64Array; score: number }> {
  const { batch, iterations, rates, warmup, validateEvery, validate, onRecord, signal } = options;
  const parameters = start.parameters.slice();
  const adam = new FullMatrixAdam(parameters, { rates, steps: iterations, warmup, clip: 1 });
  const order = random(options.seed, 41);
  const trajectories: WholeTrajectory[] = [];
  let best = start;
  try {
    for (const { field, family, training, reference } of tasks) {
      const loss = { kind: 'log-mean' as const, softening: SOFTENING * reference ** 2 };
      trajectories.push(await WholeTrajectory.create(gpu, field, family, training, { batch, loss }));
    }
    for (let iteration = 1; iteration <= iterations; iteration++) {
      signal?.throwIfAborted();
      const sum = new Float64Array(parameters.length);
      for (let i = 0; i < options.tasks; i++) {
        const trajectory = trajectories[Math.floor(order.uniform() * trajectories.length)];
        const index = Math.floor(order.uniform() * trajectory.batches);
        const { gradient } = await trajectory.run(parameters, index);
        // A task whose gradient is huge or broken must not speak for all.
        const norm = Math.hypot(...gradient);
        if (!Number.isFinite(norm)) continue;
        for (const [p, slope] of gradient.entries()) sum[p] += slope / Math.max(1, norm) / options.tasks;
      }
      adam.update(sum);
      if (iteration % validateEvery !== 0 && iteration !== iterations) continue;
      const score = await validate(parameters);
      if (score < best.score) best = { parameters: parameters.slice(), score };
      onRecord?.(iteration, score);
    }
  } finally {
    for (const trajectory of trajectories) trajectory.destroy();
  }
  return best;
}
