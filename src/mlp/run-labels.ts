import type { BatchBuffers, BoundField } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';

/** The labels that a run's kernels read (shaders/mlp/labels.wgsl). */
export interface RunLabels {
  readonly buffer: GPUBuffer;
  /** Present where each trajectory has its own. */
  readonly tell?: NonNullable<BoundField['tell']>;
  destroy(): void;
}

/**
 * What makes the labels of a run: one buffer of one number for all runs where all trajectories have one label, else one
 * of a number a row for each run.
 * @param labels by condition
 */
export function runLabels(
  gpu: Gpu,
  labels: readonly number[],
): (batch: Pick<BatchBuffers, 'capacity'>) => RunLabels {
  const { STORAGE, COPY_DST } = GPUBufferUsage;
  if (labels.length === 1) {
    const buffer = gpu.buffer('label', STORAGE, Uint32Array.from(labels));
    return () => ({ buffer, destroy() {} });
  }
  return ({ capacity }) => {
    const buffer = gpu.buffer('labels', STORAGE | COPY_DST, labelBytes(labels, capacity));
    return {
      buffer,
      tell: (conditions) =>
        gpu.device.queue.writeBuffer(
          buffer,
          0,
          conditions.map((condition) => labels[condition]),
        ),
      destroy: () => buffer.destroy(),
    };
  };
}

/** Memory that the labels of a run take by themselves. */
export function labelBytes(labels: readonly number[], capacity: number): number {
  return labels.length === 1 ? 0 : 4 * capacity;
}
