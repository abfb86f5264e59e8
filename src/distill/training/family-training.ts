import type { Field } from '../../field/field.js';
import type { Gpu } from '../../gpu/gpu.js';
import { random } from '../../rng/random.js';
import { nfeOf } from '../../solver/plan.js';
import type { PlanFamily } from '../../solver/plan-family.js';
import type { TeacherPool } from '../pool.js';
import { DIVERGED, LOST, type Score, softeningOf, unlessDiverged } from '../score.js';
import { GaussNewton } from './gauss-newton.js';
import { drawTrajectories, Linearisation, linearisationEvaluations } from './normal-equations.js';
import { Validation } from './validation.js';

/** Where a training of parameters that all trajectories share is, and how it does. */
export interface FamilyState {
  parameters: Float64Array;
  /** On the validation trajectories. */
  score: Score;
}

/** One iteration of a training of numbers that all trajectories share. */
export interface FamilyRecord {
  /** From 1. */
  iteration: number;
  /** Of the batch: log(mean |e|) + mean(log |e|^2) / 4 over its errors e, softened near 0; NaN where it diverged. */
  loss: number;
  /** Of the batch: mean distance to the teacher's end points. */
  meanError: number;
  /** After the iteration. */
  parameters: Float64Array;
  /** Of the state after the iteration: every fourth, and at the last. */
  validation?: Score;
}

export interface FamilyTrainingOptions {
  training: TeacherPool;
  /** What states are chosen by. */
  validation: TeacherPool;
  /** Trajectories in a batch: as many times as there are parameters, and once more, they run. */
  batch: number;
  iterations: number;
  /** How far each parameter may go, relative to the others. */
  units: ArrayLike<number>;
  /** As of `GaussNewton`. */
  longest?: number;
  /** Of the batches. */
  seed: number;
  /** The error below which gains count for little, 30 times: the typical one at the start of the recipe. */
  reference: number;
  onRecord?: (record: FamilyRecord) => void;
  signal?: AbortSignal;
  /** Ends the training early, with the best state so far. */
  finish?: AbortSignal;
}

const VALIDATE_EVERY = 4;

/**
 * Evaluations of the field that a training of so many iterations makes.
 * @param counts trajectories in a batch, and those to validate with
 */
export function trainingEvaluations(
  family: PlanFamily,
  { batch, validation }: { batch: number; validation: number },
  iterations: number,
): number {
  const validations = Math.ceil(iterations / VALIDATE_EVERY);
  return iterations * linearisationEvaluations(family, batch) + validations * validation * nfeOf(family.plan);
}

/** Iterations of a training that makes at most so many evaluations. */
export function iterationsWithin(
  evaluations: number,
  family: PlanFamily,
  counts: { batch: number; validation: number },
): number {
  const period = trainingEvaluations(family, counts, VALIDATE_EVERY);
  const whole = VALIDATE_EVERY * Math.max(0, Math.floor(evaluations / period));
  const rest = [...Array(VALIDATE_EVERY).keys()].filter(
    (more) => trainingEvaluations(family, counts, whole + more) <= evaluations,
  );
  return whole + Math.max(0, ...rest);
}

/**
 * Trains the parameters of a plan family to the teacher's end points by Gauss-Newton, without a gradient of the
 * field. Of the states validated, the first included, the best: never worse than the start, on the validation
 * trajectories. Where a state diverges, or is far worse than the best, it goes on from that.
 */
export async function trainFamily(
  gpu: Gpu,
  field: Field,
  family: PlanFamily,
  start: FamilyState,
  options: FamilyTrainingOptions,
): Promise<FamilyState> {
  const { training, batch, iterations, units, longest, onRecord, signal, finish } = options;
  if (iterations === 0 || finish?.aborted) return start;
  const order = random(options.seed, 42);
  const optimiser = new GaussNewton(start.parameters, { units, longest, steps: iterations });
  const size = { batch, softening: softeningOf(options.reference) };
  const [linearisation, validation] = await Promise.all([
    Linearisation.create(gpu, field, family, size),
    Validation.create(gpu, field, family.plan, options.validation),
  ]);
  let best: FamilyState = start;
  // A state's score is awaited together with the batch that follows it, so that the device has both at once.
  let validated: { record: FamilyRecord; score: Promise<Score> } | undefined;
  const take = (record: FamilyRecord, score: Score) => {
    record.validation = score;
    if (score.score < best.score.score) best = { parameters: record.parameters, score };
    else if (score.score > best.score.score + LOST) optimiser.restart(best.parameters);
    onRecord?.(record);
  };
  const scored = async (parameters: Float64Array) =>
    (await unlessDiverged(async () => validation.submit(family.values(parameters)))) ?? DIVERGED;
  try {
    for (let iteration = 1; iteration <= iterations; iteration++) {
      signal?.throwIfAborted();
      if (finish?.aborted) break;
      const { parameters } = optimiser;
      const part = drawTrajectories(training, linearisation.batch, order);
      const last = validated;
      const [equations, score] = await Promise.all([
        unlessDiverged(() => linearisation.at(parameters, part)),
        last?.score,
      ]);
      validated = undefined;
      if (equations) optimiser.update(equations);
      else optimiser.restart(best.parameters);
      if (last) take(last.record, score!);
      const { loss = Number.NaN, meanError = Number.NaN } = equations ?? {};
      const record: FamilyRecord = { iteration, loss, meanError, parameters: optimiser.parameters };
      if (iteration % VALIDATE_EVERY === 0 || iteration === iterations) {
        validated = { record, score: scored(record.parameters) };
      } else onRecord?.(record);
    }
    if (validated) take(validated.record, await validated.score);
  } finally {
    await validated?.score.catch(() => {}); // thrown already, or given up
    linearisation.destroy();
    validation.destroy();
  }
  return best;
}
