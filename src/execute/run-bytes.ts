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
  staging: number;
}

/** @param operationSize of the uniform of an evaluation, where those are dispatches of their own */
export function runBytes(plan: Plan, shape: RunShape, operationSize = 0): RunBytes {
  const { dim, capacity, places, columnRows, wanted, reads } = shape;
  const slotStride = Math.ceil((capacity * dim) / 64) * 64;
  const stride = uniformStride(operationSize);
  return {
    slotStride,
    stride,
    slots: places * slotStride * 4,
    columns: Math.max(4, columnRows * capacity * 4),
    status: 8 + capacity * 4,
    operation: (plan.operations.length + 1) * stride,
    staging: reads ? wanted.length * capacity * dim * 4 : 0,
  };
}
