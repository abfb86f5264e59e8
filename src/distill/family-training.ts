import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { random } from '../problem/random.js';
import type { PlanFamily } from '../solver/plan-family.js';
import { Adam } from './adam.js';
import type { TeacherPool } from './pool.js';
import { type Score, softeningOf, typicalError } from './score.js';
import { Validation } from './validation.js';
import { WholeTrajectory } from './whole-trajectory.js';

/** Where a training of parameters that all trajectories share is, and how it does. */
export interface FamilyState {
  parameters: Float64Array;
  /** On the validation trajectories. */
  score: Score;
}

export interface FamilyRecord {
  /** From 1. */
  iteration: number;
  loss: number;
  /** Of the batch: mean distance to the teacher's end points. */
  meanError: number;
  parameters: Float64Array;
  /** Where the state was validated. */
  validation?: Score;
}

export interface FamilyTrainingOptions {
  training: TeacherPool;
  /** What states are chosen by. */
  validation: TeacherPool;
  validateEvery: number;
  batch: number;
  iterations: number;
  /** Learning rate of each parameter. */
  rates: ArrayLike<number>;
  warmup: number;
  /** Of the order of the batches. */
  seed: number;
  onRecord?: (record: FamilyRecord) => void;
  signal?: AbortSignal;
}

/**
 * Trains the parameters of a plan family through whole trajectories to the teacher's end points: log-mean loss, a
 * warm-up and half a cosine, gradients clipped at norm 1. Of the states validated, the first included, the best: never
 * worse than the start, on the validation trajectories.
 */
export async function trainFamily(
  gpu: Gpu,
  field: Field,
  family: PlanFamily,
  start: FamilyState,
  options: FamilyTrainingOptions,
): Promise<FamilyState> {
  const { training, validateEvery, batch, iterations, rates, warmup, onRecord, signal } = options;
  if (iterations === 0) return start;
  const softening = softeningOf(typicalError(start.score));
  const loss = { kind: 'log-mean' as const, softening };
  const [trajectory, validation] = await Promise.all([
    WholeTrajectory.create(gpu, field, family, training, { batch, loss }),
    Validation.create(gpu, field, family.plan, options.validation),
  ]);
  const parameters = start.parameters.slice();
  const optimiser = new Adam(parameters, { rates, steps: iterations, warmup, clip: 1 });
  const order = random(options.seed, 40);
  let best: FamilyState = start;
  // A state's score is awaited together with the batch that follows it, so that the device has both at once.
  let validated: { record: FamilyRecord; score: Promise<Score> } | undefined;
  const take = (record: FamilyRecord, score: Score) => {
    record.validation = score;
    if (score.score < best.score.score) best = { parameters: record.parameters, score };
    onRecord?.(record);
  };
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      signal?.throwIfAborted();
      const index = Math.floor(order.uniform() * trajectory.batches);
      const last = validated;
      const [figures, score] = await Promise.all([trajectory.run(parameters, index), last?.score]);
      validated = undefined;
      if (last) take(last.record, score!);
      const { loss: value, meanError, gradient } = figures;
      optimiser.update(gradient);
      const record: FamilyRecord = { iteration, loss: value, meanError, parameters: parameters.slice() };
      if (iteration % validateEvery === 0 || iteration === iterations) {
        validated = { record, score: validation.submit(family.values(parameters)) };
      } else onRecord?.(record);
    }
    if (validated) take(validated.record, await validated.score);
  } finally {
    await validated?.score.catch(() => {}); // thrown already, or given up
    trajectory.destroy();
    validation.destroy();
  }
  return best;
}
