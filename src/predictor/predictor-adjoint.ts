import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { HIDDEN, type NetworkConfig } from './network-config.js';
import type { PredictedPlan } from './predicted-plan.js';
import {
  coefficientsUniform,
  networkVariant,
  type PredictorPass,
  stepUniform,
  uniformSize,
} from './predictor-pass.js';

const KERNELS = [
  'predictor/coefficients_vjp',
  'predictor/network_vjp',
  'predictor/network_gradient',
] as const;
type AdjointKernel = (typeof KERNELS)[number];

/** Rows of what a step's way back leaves: shaders/predictor/deltas.wgsl. */
const DELTA_ROWS = 2 * HIDDEN + 11;

/** The way back through a predictor: from the gradient of the plan's columns to that of the network's weights. */
export class PredictorAdjoint {
  private constructor(
    private readonly kernels: Record<AdjointKernel, Kernel>,
    private readonly groups: Record<AdjointKernel, GPUBindGroup>,
    private readonly own: {
      /** The gradient to each answer, [3 steps, batch]. */
      answerGradient: GPUBuffer;
      /** To log t_m, [steps, batch]. */
      middleGradient: GPUBuffer;
      deltas: GPUBuffer;
      operation: GPUBuffer;
    },
    /** The gradient to the weights, [networkLayout.size]. */
    private readonly gradient: GPUBuffer,
    private readonly stride: number,
    private readonly batch: number,
  ) {}

  static async create(
    gpu: Gpu,
    predicted: PredictedPlan,
    config: NetworkConfig,
    forward: PredictorPass,
    buffers: { columns: GPUBuffer; columnGradient: GPUBuffer; weights: GPUBuffer; gradient: GPUBuffer },
    batch: number,
  ): Promise<PredictorAdjoint> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const variant = networkVariant(config);
    const compiled = await Promise.all([
      gpu.kernel('predictor/coefficients_vjp', { conditions: { [predicted.formula]: true } }),
      gpu.kernel('predictor/network_vjp', variant),
      gpu.kernel('predictor/network_gradient', variant),
    ]);
    const steps = predicted.steps.length;
    const kept = STORAGE | COPY_SRC | COPY_DST;
    const stride = Math.max(...compiled.map(uniformSize));
    const own = {
      answerGradient: gpu.buffer('gradient to the answers', kept, 4 * 3 * steps * batch),
      middleGradient: gpu.buffer('gradient to t_m', kept, 4 * steps * batch),
      deltas: gpu.buffer('deltas', STORAGE, 4 * DELTA_ROWS * batch),
      operation: gpu.buffer('adjoint operations', UNIFORM | COPY_DST, 2 * steps * stride),
    };
    const shared = {
      columns: buffers.columns,
      column_gradient: buffers.columnGradient,
      predictor_weights: buffers.weights,
      answers: forward.answers,
      kept: forward.kept,
      answer_gradient: own.answerGradient,
      middle_gradient: own.middleGradient,
      deltas: own.deltas,
      operation: own.operation,
      gradient: buffers.gradient,
    };
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(KERNELS.map((name, i) => [name, values[i]])) as Record<AdjointKernel, T>;
    const groups = compiled.map((kernel) => kernel.bind(shared));
    const bytes = new ArrayBuffer(2 * steps * stride);
    for (const [n, step] of predicted.steps.entries()) {
      const coefficients = coefficientsUniform(predicted, step, n, batch);
      compiled[0].layout.pack('operation', coefficients, bytes, 2 * n * stride);
      compiled[1].layout.pack('operation', stepUniform(config, step, n, batch), bytes, (2 * n + 1) * stride);
    }
    gpu.device.queue.writeBuffer(own.operation, 0, bytes);
    return new PredictorAdjoint(byName(compiled), byName(groups), own, buffers.gradient, stride, batch);
  }

  get answerGradient(): GPUBuffer {
    return this.own.answerGradient;
  }

  /** Sets what the way back adds to. To be recorded before the pass. */
  recordClear(encoder: GPUCommandEncoder): void {
    encoder.clearBuffer(this.gradient);
    encoder.clearBuffer(this.own.middleGradient);
  }

  /** Records the way back through what step n was answered; to be recorded from the last step to the first. */
  recordStep(pass: GPUComputePassEncoder, n: number): void {
    this.dispatch(pass, 'predictor/coefficients_vjp', 2 * n * this.stride, this.batch);
    this.dispatch(pass, 'predictor/network_vjp', (2 * n + 1) * this.stride, this.batch);
    const weights = this.gradient.size / 16;
    this.dispatch(pass, 'predictor/network_gradient', (2 * n + 1) * this.stride, weights);
  }

  destroy(): void {
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: AdjointKernel,
    offset: number,
    invocations: number,
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil(invocations / 64)));
  }
}
