import type { Field } from '../field/field.js';
import { canBroadcast } from '../gpu/broadcast.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { VpTime } from '../grid/vp-time.js';
import type { Slot } from '../solver/plan.js';
import { HIDDEN, type NetworkConfig, READ_FEATURES, TIME_CHANNELS } from './network-config.js';
import type { NetworkPredictor } from './network-predictor.js';
import type { PredictedPlan, PredictedStep } from './predicted-plan.js';

/** What a predictor's kernels share with the plan that they serve. */
export interface PredictorBuffers {
  slots: GPUBuffer;
  columns: GPUBuffer;
  /** [capacity, READ_FEATURES]: of the last evaluation. */
  features: GPUBuffer;
  /** [networkLayout.size]. */
  weights: GPUBuffer;
  capacity: number;
}

type PredictorKernel = 'predictor/network' | 'predictor/coefficients' | 'predictor/state_features';

/** Uniforms of one step: the state's features, the network, the coefficients. */
const UNIFORMS = 3;

/** Asks a network for the answers of each step, per trajectory, and turns them into the plan's columns. */
export class PredictorPass {
  private constructor(
    private readonly config: NetworkConfig,
    private readonly predicted: PredictedPlan,
    private readonly dim: number,
    private readonly start: (slot: Slot) => number,
    private readonly kernels: Record<PredictorKernel, Kernel>,
    private readonly groups: Record<PredictorKernel, GPUBindGroup>,
    /** [3 steps, capacity]. */
    readonly answers: GPUBuffer,
    /** The features of each step as they were read, where they are kept. */
    readonly kept: GPUBuffer,
    private readonly operation: GPUBuffer,
    private readonly center: GPUBuffer,
    private readonly std: number,
    private readonly stride: number,
    private readonly gpu: Gpu,
  ) {}

  /**
   * @param start where a slot starts, in vec4
   * @param taped whether the features are kept for the way back
   */
  static async create(
    gpu: Gpu,
    field: Field,
    { predicted, config, figures }: Omit<NetworkPredictor, 'kind' | 'parameters'>,
    buffers: PredictorBuffers,
    start: (slot: Slot) => number,
    taped = false,
  ): Promise<PredictorPass> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const kernels = await kernelsFor(gpu, { predicted, config }, taped);
    const [network, coefficients, state] = kernels;
    const { bytes, stride } = passBytes(kernels, predicted, buffers.capacity, taped);
    const answers = gpu.buffer('answers', STORAGE | COPY_SRC | COPY_DST, bytes.answers);
    const kept = gpu.buffer('features of all steps', STORAGE, bytes['features of all steps']);
    const operation = gpu.buffer('predictor operations', UNIFORM | COPY_DST, bytes['predictor operations']);
    const center = gpu.buffer('mean of the data', STORAGE, figures.mean);
    const { weights: predictor_weights } = buffers;
    const shared = { ...buffers, predictor_weights, answers, kept, operation, center } as unknown as Record<
      string,
      GPUBuffer
    >;
    return new PredictorPass(
      config,
      predicted,
      field.dim,
      start,
      {
        'predictor/network': network,
        'predictor/coefficients': coefficients,
        'predictor/state_features': state,
      },
      {
        'predictor/network': network.bind(shared),
        'predictor/coefficients': coefficients.bind(shared),
        'predictor/state_features': state.bind(shared),
      },
      answers,
      kept,
      operation,
      center,
      figures.std,
      stride,
      gpu,
    );
  }

  /** Bytes of the buffers that `create` makes without a way back, by what they hold. */
  static async bytes(
    gpu: Gpu,
    { predicted, config, figures }: Omit<NetworkPredictor, 'kind' | 'parameters'>,
    capacity: number,
  ): Promise<Record<string, number>> {
    const kernels = await kernelsFor(gpu, { predicted, config }, false);
    const { bytes } = passBytes(kernels, predicted, capacity, false);
    return { ...bytes, 'mean of the data': figures.mean.byteLength };
  }

  /** Writes the uniforms for the first `trajectories`. */
  upload(trajectories: number): void {
    const { predicted, kernels, stride, config } = this;
    const bytes = new ArrayBuffer(UNIFORMS * predicted.steps.length * stride);
    for (const [n, step] of predicted.steps.entries()) {
      const base = UNIFORMS * n * stride;
      if (config.reads === 'state' && step.evaluation) {
        const { state, out, output } = step.evaluation;
        kernels['predictor/state_features'].layout.pack(
          'operation',
          {
            state: 4 * this.start(state),
            output: 4 * this.start(out),
            velocity: output === 'velocity' ? 1 : 0,
            dim: this.dim,
            trajectories,
            time: step.current,
            spread: this.std,
          },
          bytes,
          base,
        );
      }
      const network = stepUniform(config, step, n, trajectories);
      kernels['predictor/network'].layout.pack('operation', network, bytes, base + stride);
      const coefficients = coefficientsUniform(predicted, step, n, trajectories);
      kernels['predictor/coefficients'].layout.pack('operation', coefficients, bytes, base + 2 * stride);
    }
    this.gpu.device.queue.writeBuffer(this.operation, 0, bytes);
  }

  /** Records, where the plan is about to begin operation i, what the predictor has to say by then. */
  record(pass: GPUComputePassEncoder, i: number, trajectories: number): void {
    const n = this.predicted.steps.findIndex(({ before }) => before === i);
    if (n >= 0) this.recordStep(pass, n, trajectories);
  }

  recordStep(pass: GPUComputePassEncoder, n: number, trajectories: number): void {
    const base = UNIFORMS * n * this.stride;
    if (this.config.reads === 'state' && this.predicted.steps[n].evaluation) {
      this.dispatch(pass, 'predictor/state_features', base, trajectories);
    }
    this.dispatch(pass, 'predictor/network', base + this.stride, trajectories);
    this.dispatch(pass, 'predictor/coefficients', base + 2 * this.stride, trajectories);
  }

  destroy(): void {
    for (const buffer of [this.answers, this.kept, this.operation, this.center]) buffer.destroy();
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: PredictorKernel,
    offset: number,
    trajectories: number,
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil(trajectories / 64)));
  }
}

/** Of the network, of the coefficients, and of the state's features. */
function kernelsFor(
  gpu: Gpu,
  { predicted, config }: Pick<NetworkPredictor, 'predicted' | 'config'>,
  taped: boolean,
): Promise<[Kernel, Kernel, Kernel]> {
  return Promise.all([
    gpu.kernel('predictor/network', networkVariant(config, taped, canBroadcast(gpu))),
    gpu.kernel('predictor/coefficients', { conditions: { [predicted.formula]: true } }),
    gpu.kernel('predictor/state_features'),
  ]);
}

function passBytes(kernels: readonly Kernel[], { steps }: PredictedPlan, capacity: number, taped: boolean) {
  const stride = Math.max(...kernels.map((kernel) => uniformSize(kernel)));
  const bytes = {
    answers: 4 * 3 * steps.length * capacity,
    'features of all steps': taped ? 4 * READ_FEATURES * steps.length * capacity : 16,
    'predictor operations': UNIFORMS * steps.length * stride,
  };
  return { bytes, stride };
}

/** Bytes from one uniform of a kernel to the next. */
export function uniformSize(kernel: Kernel): number {
  const { size } = kernel.layout.bindings.find(({ name }) => name === 'operation')!;
  return Math.ceil(size / 256) * 256;
}

/** The variant of a network's kernels. */
export function networkVariant(
  { scaleDirection, scaleTime }: NetworkConfig,
  taped = false,
  broadcast = false,
) {
  return {
    conditions: { directed: scaleDirection > 0, timed: scaleTime > 0, taped, broadcast },
    constants: { SCALE_DIRECTION: scaleDirection, SCALE_TIME: scaleTime },
  };
}

/** Struct Step of shaders/predictor/step.wgsl. */
export function stepUniform(
  { reads }: NetworkConfig,
  { current, next, offset: [r, direction, time], evaluation }: PredictedStep,
  n: number,
  trajectories: number,
): StructValue {
  return {
    current,
    next,
    trajectories,
    answer: 3 * n,
    offset_r: r,
    offset_direction: direction,
    offset_time: time,
    features: (n * trajectories * READ_FEATURES) / 4,
    hidden_quads: HIDDEN / 4,
    feature_quads: READ_FEATURES / 4,
    channels: TIME_CHANNELS,
    blind: reads === 'times' || !evaluation ? 1 : 0,
  };
}

/** Struct Columns of shaders/predictor/coefficients.wgsl. */
export function coefficientsUniform(
  { plan }: PredictedPlan,
  { current, next, middle, told, past, updates }: PredictedStep,
  n: number,
  trajectories: number,
): StructValue {
  const { betaD, betaMin } = new VpTime(plan.times[plan.times.length - 1], plan.times[0]);
  return {
    trajectories,
    answer: 3 * n,
    middle,
    told,
    times: { current, next, beta_d: betaD, beta_min: betaMin },
    updates: updates.length,
    step: n,
    past: past.map(({ time, column, stepsAgo }) => ({ time, column, steps_ago: stepsAgo })),
    update: updates.map(({ second, order, corrects, columns }) => ({
      second: second ? 1 : 0,
      order,
      corrects: corrects ? 1 : 0,
      columns: Array.from({ length: 6 }, (_, j) => ({ index: columns[j] ?? -1 })),
    })),
  };
}
