import { FewstepError } from '../errors.js';
import { solve } from '../execute/solve.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { endpointErrors } from '../metrics/endpoint-errors.js';
import { median } from '../metrics/quantile.js';
import type { TrajectoryPredictor } from '../predictor/trajectory-predictor.js';
import type { Plan } from '../solver/plan.js';
import { poolConditions, type TeacherPool } from './pool.js';

/**
 * How far a student's end points are from its teacher's: L2 distances in the field's units, over trajectories. What
 * diverges has Infinity in all three. The combination of both figures is our own.
 */
export interface Score {
  mean: number;
  median: number;
  /**
   * ln mean + ln(median + mean / 30) / 2, by which states are chosen: neither a few far ones nor the many near ones
   * rule. The lower the better.
   */
  score: number;
}

/** Part of the mean below which a median gains little by being lower still. */
const NEGLIGIBLE = 1 / 30;

/**
 * The median plus a part of the mean. Where data are points, most trajectories end in the teacher's to a thousandth of what
 * the others are off: a median that is lower still helps nobody, and alone it would outweigh how many those others are.
 */
export function typicalError({ mean, median }: Pick<Score, 'mean' | 'median'>): number {
  return median + NEGLIGIBLE * mean;
}

/** Part of a squared error that losses add to all of them. */
const SOFTENING = 1e-3;

/** What losses add to squared errors, so that those below a thirtieth of `error` gain little by being lower still. */
export function softeningOf(error: number): number {
  return SOFTENING * error ** 2;
}

/** A state whose score is worse by so much than the best one's has left the way that a training follows. */
export const LOST = 1;

/** The score of what is not finite. */
export const DIVERGED: Score = { mean: Infinity, median: Infinity, score: Infinity };

/**
 * Scores a plan over the trajectories of a pool, from its latents and against its last states; one that diverges is
 * infinitely bad.
 * @param predictor who fills the plan's columns
 * @throws FewstepError bad-shape for a pool of another dimension, or a plan with columns and no predictor; bad-argument
 *   for a predictor that is not the plan's, or a plan that draws noise; bad-field, device-limit as `solve`
 */
export async function scoreOf(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  pool: TeacherPool,
  predictor?: TrajectoryPredictor,
): Promise<Score> {
  const options = { latents: { values: pool.latents }, conditions: poolConditions(pool, field), predictor };
  const solution = await unlessDiverged(() => solve(gpu, field, plan, options));
  if (!solution) return DIVERGED;
  return scoreOfErrors(endpointErrors(solution.samples, pool.states[pool.states.length - 1], pool.dim));
}

/** Undefined where a trajectory diverges, or two times of a plan have become one. */
export async function unlessDiverged<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FewstepError && (error.code === 'not-finite' || error.code === 'bad-grid')) return;
    throw error;
  }
}

export function scoreOfErrors(errors: Float64Array): Score {
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const middle = median([...errors]);
  return {
    mean,
    median: middle,
    score: Math.log(mean) + Math.log(typicalError({ mean, median: middle })) / 2,
  };
}

/** Which of several has the lowest score, the first of equals. */
export function leastOf<T>(all: readonly T[], scores: readonly Score[]): T {
  let least = 0;
  for (const [i, { score }] of scores.entries()) if (score < scores[least].score) least = i;
  return all[least];
}
