import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from '../mlp/config.js';
import type { TrainingData } from './data.js';

/** Steps that one submit may have at most. */
export const STEPS_PER_SUBMIT = 256;
/** Batches of held-out data in one validation. */
export const VALIDATION_BATCHES = 16;
/** Workgroups that share out the gradient's norm. */
export const NORM_PARTS = 64;
/** Bytes from one uniform to the next. */
export const STRIDE = 512;
/** Where the figures' history starts: shaders/train/figures.wgsl. */
export const HISTORY = 8;

/** The buffers of a training run besides those of its network and its optimiser. */
export interface TrainingBuffers {
  data: GPUBuffer;
  dataLabels: GPUBuffer;
  heldOut: GPUBuffer;
  heldOutLabels: GPUBuffer;
  /** `levelTable`, where the loss has one. */
  levels: GPUBuffer;
  /** The parameters, while a validation has put their average in their place. */
  aside: GPUBuffer;
  slots: GPUBuffer;
  /** sigma and weight, [2, batch]. */
  columns: GPUBuffer;
  /** Of the batch. */
  labels: GPUBuffer;
  /** [batch]. */
  losses: GPUBuffer;
  figures: GPUBuffer;
  validationFigures: GPUBuffer;
  /** The uniforms of the network's passes, the same in all steps. */
  passes: GPUBuffer;
  /** The uniforms of the steps of one submit, then of the batches of a validation. */
  steps: GPUBuffer;
}

/** Slots of a batch: data, states, D, cotangents, and what the network's vjp writes. */
export const SLOTS = { clean: 0, noisy: 1, denoised: 2, cotangent: 3, pulled: 4 } as const;

/** Numbers from one slot to the next. */
export function slotStride(batch: number, dim: number): number {
  return Math.ceil((batch * dim) / 64) * 64;
}

/** Makes and fills the buffers of a run. */
export function trainingBuffers(
  gpu: Gpu,
  { dim }: MlpConfig,
  batch: number,
  data: TrainingData,
  heldOut: TrainingData | undefined,
  parameters: Float32Array,
  levels?: Float32Array,
): TrainingBuffers {
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const labelsOf = (from?: TrainingData) => from?.labels ?? 4;
  return {
    data: gpu.buffer('data', STORAGE, data.values),
    dataLabels: gpu.buffer('labels of the data', STORAGE, labelsOf(data)),
    heldOut: gpu.buffer('held-out data', STORAGE, heldOut?.values ?? 4),
    heldOutLabels: gpu.buffer('labels of the held-out data', STORAGE, labelsOf(heldOut)),
    levels: gpu.buffer('table of noise levels', STORAGE, levels ?? 4),
    aside: gpu.buffer('parameters, aside', COPY_SRC | COPY_DST, parameters.byteLength),
    slots: gpu.buffer('slots', STORAGE | COPY_SRC, 4 * Object.keys(SLOTS).length * slotStride(batch, dim)),
    columns: gpu.buffer('noise levels and weights', STORAGE | COPY_SRC, 4 * 2 * batch),
    labels: gpu.buffer('labels', STORAGE | COPY_SRC, 4 * batch),
    losses: gpu.buffer('losses', STORAGE, 4 * batch),
    figures: gpu.buffer('figures', STORAGE | COPY_SRC, HISTORY + 8 * STEPS_PER_SUBMIT),
    validationFigures: gpu.buffer(
      'figures of a validation',
      STORAGE | COPY_SRC,
      HISTORY + 8 * VALIDATION_BATCHES,
    ),
    passes: gpu.buffer('passes', UNIFORM | COPY_DST, 3 * STRIDE),
    steps: gpu.buffer('steps', UNIFORM | COPY_DST, (STEPS_PER_SUBMIT + VALIDATION_BATCHES) * STRIDE),
  };
}
