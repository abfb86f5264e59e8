import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { StructValue } from '../gpu/layout.js';
import type { Scaling } from '../io/scaling.js';
import type { FusedField } from './fused.js';
import type { MixtureSpec } from './mixture.js';

/**
 * D(x, sigma) of one state in float64: the truth that tests and the reference executor compare with.
 * @param x state [dim]
 * @param sigma noise level, > 0
 * @param out where D goes, [dim]; may not be x
 * @param condition of a field that has several, 0 by default
 */
export type Denoise = (x: Float64Array, sigma: number, out: Float64Array, condition?: number) => void;

/**
 * The vector-Jacobian product of D at one state in float64: the gradient of cotangent . D(x, sigma).
 * @param x state [dim]
 * @param sigma noise level, > 0
 * @param cotangent [dim]
 * @param out where the gradient to x goes, (dD/dx)^T cotangent, [dim]; may be neither x nor cotangent
 * @param condition of a field that has several, 0 by default
 * @returns the gradient to sigma, cotangent . dD/dsigma
 */
export type DenoiseGradient = (
  x: Float64Array,
  sigma: number,
  cotangent: Float64Array,
  out: Float64Array,
  condition?: number,
) => number;

/**
 * The drift x - D(x, sigma) of one state in float64, which is dx / d ln sigma of the diffusion ODE, and its divergence
 * dim - tr dD/dx.
 * @param x state [dim]
 * @param sigma noise level, > 0
 * @param drift where x - D goes, [dim]; may not be x
 * @returns the divergence of the drift
 */
export type Divergence = (x: Float64Array, sigma: number, drift: Float64Array) => number;

/**
 * What is evaluated: the denoiser D(x, sigma) = E[x_0 | x_0 + sigma n = x] of a data distribution. The velocity
 * of the diffusion ODE and the score follow: d = (x - D) / sigma, score = -d / sigma.
 */
export interface Field {
  /** 'gaussian-mixture', 'empirical', 'custom', 'mlp', 'external'. */
  readonly kind: string;
  /** Numbers in a state. */
  readonly dim: number;
  /**
   * How many conditions there are, where D is another under each: the labels or prompts that a model is told. Each
   * trajectory has one of them, by default trajectory i the condition i modulo their number. Absent where D is the same for
   * all trajectories.
   */
  readonly conditions?: number;
  /**
   * Where it has some of a model's conditions, or one: the field with all of them. What was learned for that one was
   * learned for this one too.
   */
  readonly whole?: Field;
  /** The float64 truth, where there is one. */
  readonly denoise?: Denoise;
  /** The float64 truth of its gradient, where there is one. */
  readonly gradient?: DenoiseGradient;
  /** The float64 truth of the drift's divergence, where it has a closed form. */
  readonly divergence?: Divergence;
  /**
   * The hidden features that a predictor reads of an evaluation of D at one state, in float64: 64 numbers into `out`.
   * Present exactly where the field has such features, and then its kernels write them too (BatchBuffers).
   */
  readonly features?: (x: Float64Array, sigma: number, out: Float64Array, condition?: number) => void;
  /**
   * Whether a model of the user's computes D, outside of our kernels: then each evaluation is called for,
   * `preparedAnywhere`.
   */
  readonly outside?: true;
  /** Noise levels that it knows, where it does not know all: those of a model's process that ends. */
  readonly sigmaRange?: { readonly sigmaMin: number; readonly sigmaMax: number };
  /** From the data's own units to the field's, where the data was scaled; `sample` undoes it. */
  readonly scaling?: Scaling;
  /** The data's distribution, where it is a mixture: it can be drawn from (`sampleMixture`). */
  readonly mixture?: MixtureSpec;
  /** Uploads and compiles for one device; `preparedField` keeps the result. */
  prepare(gpu: Gpu): Promise<PreparedField>;
  /**
   * The same for its gradient, where the field has one; `preparedGradient` keeps the result.
   * @throws FewstepError device-limit where it does not fit this device
   */
  prepareGradient?(gpu: Gpu): Promise<PreparedGradient>;
  /** The same for its drift and its divergence, where that has a closed form. */
  prepareDivergence?(gpu: Gpu): Promise<PreparedDivergence>;
  /**
   * The same for its drift and products of its Jacobian with vectors, where it has any that cost less than
   * `prepareGradient`.
   * @throws FewstepError device-limit where it does not fit this device
   */
  prepareProducts?(gpu: Gpu): Promise<PreparedProducts>;
  /**
   * Uploads what whole plans in one dispatch need, where the field can be linked into them; `fusedField` keeps it.
   * @returns undefined where it does not fit this device
   */
  prepareFused?(gpu: Gpu): Promise<FusedField | undefined>;
}

/** A field on one device. */
export interface PreparedField {
  /** Size of an evaluation's uniform in bytes. */
  readonly operationSize: number;
  /** Memory of its own that it binds to a run with room for so many trajectories, bytes; by default none. */
  boundBytes?(capacity: number): number;
  /** Writes an evaluation's uniform (struct Evaluate of shaders/field/evaluate.wgsl). */
  pack(value: StructValue, target: ArrayBuffer, offset: number): void;
  /** Binds the buffers of a run. */
  bind(batch: BatchBuffers): BoundField;
}

/** The vector-Jacobian product of a field on one device. */
export interface PreparedGradient {
  /** Size of a product's uniform in bytes. */
  readonly operationSize: number;
  /** Writes a product's uniform (struct Pull of shaders/field/pull.wgsl). */
  pack(value: StructValue, target: ArrayBuffer, offset: number): void;
  /**
   * Binds the buffers of a run. What is encoded writes the gradient to x into the output slot, which may be neither
   * the state's nor the cotangent's, and that to sigma into a column of `sigmaGradient`.
   */
  bind(batch: GradientBuffers): BoundField;
}

/** The buffers of a run that asks for gradients. */
export interface GradientBuffers extends Pick<BatchBuffers, 'slots' | 'columns' | 'operation' | 'capacity'> {
  /** Gradients to sigma, [columns, trajectories], as many columns as the uniforms name. */
  readonly sigmaGradient: GPUBuffer;
}

/** The drift of a field and its divergence on one device. */
export interface PreparedDivergence {
  /** Size of a uniform in bytes. */
  readonly operationSize: number;
  /** Writes a uniform (struct Diverge of shaders/field/diverge.wgsl). */
  pack(value: StructValue, target: ArrayBuffer, offset: number): void;
  /**
   * Binds the buffers of a run. What is encoded writes x - D into the output slot, and its divergence where the uniform
   * says.
   */
  bind(batch: DivergenceBuffers): BoundField;
}

/** The buffers of a run that asks for divergences. */
export interface DivergenceBuffers extends BatchBuffers {
  /** Where the uniforms say, a number a trajectory. */
  readonly divergences: GPUBuffer;
}

/**
 * The drift of a field on one device, and v . (dD/dx) v for vectors v. The Jacobian is a weighted sum of parts, one for
 * most fields and two for a guided network.
 */
export interface PreparedProducts {
  /** Weights of the parts. */
  readonly weights: readonly number[];
  /** Memory of a trajectory in one binding, bytes, besides slots and columns. */
  readonly trajectoryBytes: number;
  /** Sizes of the uniforms in bytes. */
  readonly driftSize: number;
  readonly productSize: number;
  /**
   * Writes the uniform of a drift. @param value state, output, scratch (a slot to write anything into), trajectories,
   * sigma
   */
  packDrift(value: StructValue, target: ArrayBuffer, offset: number): void;
  /** Writes the uniform of a product. @param value state, vector, output, trajectories, sigma */
  packProduct(value: StructValue, target: ArrayBuffer, offset: number): void;
  /** Binds the buffers of a run. */
  bind(batch: BatchBuffers): BoundProducts;
}

/** The drift and the products of a field, bound to the buffers of one run. */
export interface BoundProducts extends Pick<BoundField, 'tell'> {
  /** Records x - D into the output slot. */
  drift(pass: GPUComputePassEncoder, offset: number, trajectories: number): void;
  /** Records what the products of a part need; its uniform is the drift's. */
  begin(part: number, pass: GPUComputePassEncoder, offset: number, trajectories: number): void;
  /** Records the part's Jacobian, or its transpose, times a slot into another one. */
  product(part: number, pass: GPUComputePassEncoder, offset: number, trajectories: number): void;
  destroy(): void;
}

/** The buffers that all operations of a run share. */
export interface BatchBuffers {
  /** All slots, each `stride` numbers after the one before. */
  readonly slots: GPUBuffer;
  /** Per-trajectory times and coefficients, [columns, trajectories]. */
  readonly columns: GPUBuffer;
  /** Where updates flag the first step that came to NaN or infinity. */
  readonly status: GPUBuffer;
  /** The uniforms of all operations, at dynamic offsets. */
  readonly operation: GPUBuffer;
  /** How many trajectories there is room for. */
  readonly capacity: number;
  /**
   * Where each evaluation writes the field's hidden features, [capacity, 64], over those of the one before. A field
   * without features leaves it alone.
   */
  readonly features?: GPUBuffer;
}

/** An evaluation of the first `count` trajectories by a model of the user's. */
export interface OutsideEvaluation {
  /** Where the first state stands in the slots, in numbers. */
  readonly state: number;
  /** The same for all, or offset + scale x a column of the run's. */
  readonly sigma: number | { readonly column: number; readonly scale: number; readonly offset: number };
  readonly count: number;
  /** Says when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** A field, or a product of it, bound to the buffers of one run. */
export interface BoundField {
  /**
   * Of a field with conditions: says which one each row of the batch has, for all that is submitted until it is told
   * anew.
   */
  tell?(conditions: Uint32Array): void;
  /**
   * Of a field outside of our kernels: submits what was recorded so far, and has D computed for the evaluation that is
   * submitted next. That alone is what `encode` then records.
   */
  compute?(encoder: GPUCommandEncoder, evaluation: OutsideEvaluation): Promise<void>;
  /** Records one evaluation, or one product, of the first `trajectories`, whose uniform stands at `offset`. */
  encode(pass: GPUComputePassEncoder, offset: number, trajectories: number): void;
  destroy(): void;
}

export type Kept<Prepared> = WeakMap<Gpu, WeakMap<Field, Promise<Prepared>>>;

const fields: Kept<PreparedField> = new WeakMap();
const gradients: Kept<PreparedGradient> = new WeakMap();
const divergences: Kept<PreparedDivergence> = new WeakMap();

/**
 * A field on a device, uploaded and compiled once.
 * @throws FewstepError bad-field for one that a model of the user's computes
 */
export async function preparedField(gpu: Gpu, field: Field): Promise<PreparedField> {
  if (!field.outside) return preparedAnywhere(gpu, field);
  throw new FewstepError(
    'bad-field',
    `a model of its own computes the field '${field.kind}', and the device has to go on by itself here`,
    'use a solver with a fixed NFE; for its training, one of tables: bespoke, or amed with kind table',
  );
}

/** The same for those who call for evaluations by a model of the user's. */
export function preparedAnywhere(gpu: Gpu, field: Field): Promise<PreparedField> {
  return kept(fields, gpu, field, () => field.prepare(gpu));
}

/**
 * A field's gradient on a device, uploaded and compiled once.
 * @throws FewstepError bad-field where the field has none
 */
export async function preparedGradient(gpu: Gpu, field: Field): Promise<PreparedGradient> {
  if (!field.prepareGradient) {
    throw new FewstepError(
      'bad-field',
      `the field '${field.kind}' has no gradient`,
      'use a solver that is not trained, or a field with a gradient',
    );
  }
  return kept(gradients, gpu, field, () => field.prepareGradient!(gpu));
}

/** The closed form of a field's drift and divergence on a device, uploaded and compiled once; of a field that has it. */
export function preparedDivergence(gpu: Gpu, field: Field): Promise<PreparedDivergence> {
  return kept(divergences, gpu, field, () => field.prepareDivergence!(gpu));
}

export function kept<Prepared>(
  all: Kept<Prepared>,
  gpu: Gpu,
  field: Field,
  prepare: () => Promise<Prepared>,
): Promise<Prepared> {
  const ofDevice = all.get(gpu) ?? new WeakMap<Field, Promise<Prepared>>();
  all.set(gpu, ofDevice);
  const before = ofDevice.get(field);
  if (before) return before;
  const result = prepare();
  ofDevice.set(field, result);
  // What failed may succeed another time.
  result.catch(() => ofDevice.delete(field));
  return result;
}
