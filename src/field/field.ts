import type { Gpu } from '../gpu/gpu.js';
import type { StructValue } from '../gpu/layout.js';
import type { Scaling } from '../io/scaling.js';

/**
 * D(x, sigma) of one state in float64: the truth that tests and the reference executor compare with.
 * @param x state [dim]
 * @param sigma noise level, > 0
 * @param out where D goes, [dim]; may not be x
 */
export type Denoise = (x: Float64Array, sigma: number, out: Float64Array) => void;

/**
 * What is evaluated: the denoiser D(x, sigma) = E[x_0 | x_0 + sigma n = x] of a data distribution. The velocity
 * of the diffusion ODE and the score follow: d = (x - D) / sigma, score = -d / sigma.
 */
export interface Field {
  /** 'gaussian-mixture', 'empirical', 'custom', 'mlp'. */
  readonly kind: string;
  readonly dim: number;
  /** The float64 truth, where there is one. */
  readonly denoise?: Denoise;
  /** Between the data's own units and the field's, where the data was scaled. */
  readonly scaling?: Scaling;
  /** Uploads and compiles for one device; `preparedField` keeps the result. */
  prepare(gpu: Gpu): Promise<PreparedField>;
}

/** A field on one device. */
export interface PreparedField {
  /** Size of an evaluation's uniform in bytes. */
  readonly operationSize: number;
  /** Writes an evaluation's uniform (struct Evaluate of shaders/field/evaluate.wgsl). */
  pack(value: StructValue, target: ArrayBuffer, offset: number): void;
  /** Binds the buffers of a run. */
  bind(batch: BatchBuffers): BoundField;
}

/** The buffers that all operations of a run share. */
export interface BatchBuffers {
  /** All slots, each `stride` numbers after the one before. */
  readonly slots: GPUBuffer;
  /** Per-trajectory times and coefficients, [columns, trajectories]. */
  readonly columns: GPUBuffer;
  readonly status: GPUBuffer;
  /** The uniforms of all operations, at dynamic offsets. */
  readonly operation: GPUBuffer;
  /** How many trajectories there is room for. */
  readonly capacity: number;
}

export interface BoundField {
  /** Records one evaluation of the first `trajectories`, whose uniform stands at `offset`. */
  encode(pass: GPUComputePassEncoder, offset: number, trajectories: number): void;
  destroy(): void;
}

const prepared = new WeakMap<Gpu, WeakMap<Field, Promise<PreparedField>>>();

/** A field on a device, uploaded and compiled once. */
export function preparedField(gpu: Gpu, field: Field): Promise<PreparedField> {
  const fields = prepared.get(gpu) ?? new WeakMap<Field, Promise<PreparedField>>();
  prepared.set(gpu, fields);
  const result = fields.get(field) ?? field.prepare(gpu);
  fields.set(field, result);
  return result;
}
