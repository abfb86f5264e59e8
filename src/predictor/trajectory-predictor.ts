import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Plan, Slot } from '../solver/plan.js';
import { tangentAsking } from '../tangent/fused-asking.js';
import { TangentPass } from '../tangent/tangent-pass.js';
import { slotsAsked } from '../tangent/tangent-plan.js';
import { checkTangentPredictor, type TangentPredictor } from '../tangent/tangent-predictor.js';
import { TangentReference } from '../tangent/tangent-reference.js';
import { type FusedAsking, networkAsking } from './fused-asking.js';
import { checkPredictor, type NetworkPredictor, PredictorReference } from './network-predictor.js';
import { slotsRead } from './predicted-plan.js';
import { type PredictorBuffers, PredictorPass } from './predictor-pass.js';

/** Who fills the columns of its plan per trajectory while that runs: AMED's network, or a tangent network. */
export type TrajectoryPredictor = NetworkPredictor | TangentPredictor;

/** What a predictor answers on the GPU. */
export interface TrajectoryPass {
  /** [answers, trajectories]. */
  readonly answers: GPUBuffer;
  /** Writes the uniforms for the first `trajectories`. */
  upload(trajectories: number): void;
  /** Records, where the plan is about to begin operation i, what the predictor has to say by then. */
  record(pass: GPUComputePassEncoder, i: number, trajectories: number): void;
  destroy(): void;
}

/** What a predictor answers in float64, turn by turn while a plan runs: the truth that the GPU is compared with. */
export interface AnswerReference {
  /** The turn that it has before operation i, if there is one. */
  stepBefore(i: number): number | undefined;
  /** Answers of one trajectory before any are given. */
  firstAnswers(): Float64Array;
  /**
   * Answers turn n for one trajectory.
   * @param answers its answers, those before turn n given; turn n's are written
   * @param slot its row of a slot
   * @param condition its own, of a field that has several
   * @returns the plan's columns for these answers; those of later turns mean nothing yet
   */
  answer(
    n: number,
    answers: Float64Array,
    slot: (slot: Slot) => Float64Array,
    condition?: number,
  ): Float64Array;
}

/** @throws FewstepError where a predictor is not for this plan, or not for this field */
export function checkTrajectoryPredictor(predictor: TrajectoryPredictor, field: Field, plan: Plan): void {
  if (predictor.kind === 'amed') checkPredictor(predictor, field, plan);
  else checkTangentPredictor(predictor, field, plan);
}

/** How many numbers a predictor answers for a trajectory. */
export function answersOfRun(predictor: TrajectoryPredictor): number {
  return predictor.kind === 'amed'
    ? 3 * predictor.predicted.steps.length
    : 3 * predictor.tangent.evaluations.length;
}

/** The slots that a predictor reads by itself, and before which operation. */
export function slotsReadBy(predictor: TrajectoryPredictor): { slot: Slot; before: number }[] {
  return predictor.kind === 'amed' ? slotsRead(predictor.predicted) : slotsAsked(predictor.tangent);
}

export function answerReference(predictor: TrajectoryPredictor, field: Field): AnswerReference {
  return predictor.kind === 'amed'
    ? new PredictorReference(predictor, field)
    : new TangentReference(predictor, field);
}

/** @param start where a slot starts, in vec4 */
export function trajectoryPass(
  gpu: Gpu,
  field: Field,
  predictor: TrajectoryPredictor,
  { features, ...buffers }: Omit<PredictorBuffers, 'features'> & { features?: GPUBuffer },
  start: (slot: Slot) => number,
): Promise<TrajectoryPass> {
  return predictor.kind === 'amed'
    ? PredictorPass.create(gpu, field, predictor, { ...buffers, features: features! }, start)
    : TangentPass.create(gpu, predictor, buffers, start);
}

/** Bytes of the buffers of a trajectoryPass, by what they hold. */
export function trajectoryPassBytes(
  gpu: Gpu,
  predictor: TrajectoryPredictor,
  capacity: number,
): Promise<Record<string, number>> {
  return predictor.kind === 'amed'
    ? PredictorPass.bytes(gpu, predictor, capacity)
    : TangentPass.bytes(gpu, predictor, capacity);
}

/** The same inside a fused run. */
export function fusedAsking(predictor: TrajectoryPredictor): FusedAsking {
  return predictor.kind === 'amed' ? networkAsking(predictor) : tangentAsking(predictor);
}
