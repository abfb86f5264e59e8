import { TIMESTAMP_BYTES } from '../gpu/timer.js';
import { READ_FEATURES } from '../predictor/network-config.js';
import { answersOfRun, type TrajectoryPredictor } from '../predictor/trajectory-predictor.js';
import type { Plan } from '../solver/plan.js';
import { uniformStride } from './plan-pass.js';
import type { RunShape } from './run-shape.js';

/** How large the buffers of a run are, and how they are divided. */
export interface RunBytes {
  /** Numbers from one slot to the next. */
  slotStride: number;
  /** Bytes from one operation's uniform to the next. */
  stride: number;
  slots: number;
  columns: number;
  status: number;
  /** The latents' uniform, then those of the plan's operations. */
  operation: number;
  /** What the field's evaluations show AMED's network. */
  features: number;
  /** What the host reads of a chunk at once: STATUS_BYTES, timestamps, what is wanted, and a predictor's answers. */
  staging: number;
}

/** The first step that broke and how many trajectories did: the begin of a run's status. */
export const STATUS_BYTES = 8;
/** Of what stands before the samples in the staging buffer. */
export const HEAD_BYTES = STATUS_BYTES + TIMESTAMP_BYTES;

/** Bytes of a trajectory in the larger of the buffers that a run has for its predictor besides the columns. */
export function trajectoryBytes(predictor: TrajectoryPredictor, fused: boolean): number {
  return Math.max(featureBytes(predictor, fused), fused ? 0 : 4 * answersOfRun(predictor));
}

/** What evaluations show AMED's network: inside a fused kernel only a network's hidden features pass through memory. */
function featureBytes(predictor: TrajectoryPredictor, fused: boolean): number {
  if (predictor.kind !== 'amed' || (fused && predictor.config.reads !== 'hidden')) return 0;
  return 4 * READ_FEATURES;
}

/** @param operationSize of the uniform of an evaluation, where those are dispatches of their own */
export function runBytes(plan: Plan, shape: RunShape, operationSize = 0): RunBytes {
  const { dim, capacity, places, columnRows, wanted, reads, predictor, fused, repeats } = shape;
  const read = wanted.length * dim + (predictor ? answersOfRun(predictor) : 0);
  const slotStride = Math.ceil((capacity * dim) / 64) * 64;
  const stride = uniformStride(operationSize);
  return {
    slotStride,
    stride,
    slots: places * slotStride * 4,
    columns: 4 * Math.max(1, repeats?.numbers ?? columnRows * capacity),
    status: STATUS_BYTES + capacity * 4,
    features: predictor ? featureBytes(predictor, fused !== undefined) * capacity : 0,
    operation: (plan.operations.length + 1) * stride,
    staging: reads ? HEAD_BYTES + 4 * capacity * read : 0,
  };
}
