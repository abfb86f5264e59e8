import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { uniformSize } from '../predictor/predictor-pass.js';
import { HIDDEN, tangentLayout } from './tangent-layout.js';
import { rowWidth, type TangentPass } from './tangent-pass.js';
import type { TangentPredictor } from './tangent-predictor.js';

const KERNELS = ['tangent/network_vjp', 'tangent/column_sums', 'tangent/weight_gradient'] as const;
type AdjointKernel = (typeof KERNELS)[number];

/** The way back through a tangent network: from the gradient of the plan's columns to that of all its parameters. */
export class TangentAdjoint {
  private constructor(
    private readonly kernels: Record<AdjointKernel, Kernel>,
    private readonly groups: Record<AdjointKernel, GPUBindGroup>,
    private readonly own: {
      /** What the gradient needs of each network's layers. */
      deltas: GPUBuffer;
      /** The gradient of each column's shift, over all trajectories. */
      sums: GPUBuffer;
      operation: GPUBuffer;
    },
    /** [tangentLayout.size]. */
    private readonly gradient: GPUBuffer,
    private readonly evaluations: number,
    private readonly columns: number,
    private readonly stride: number,
    private readonly batch: number,
  ) {}

  /** @param forward taped */
  static async create(
    gpu: Gpu,
    { tangent, figures }: Omit<TangentPredictor, 'kind' | 'parameters'>,
    forward: TangentPass,
    buffers: { columns: GPUBuffer; columnGradient: GPUBuffer; weights: GPUBuffer; gradient: GPUBuffer },
    batch: number,
  ): Promise<TangentAdjoint> {
    const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
    const compiled = await Promise.all(KERNELS.map((name) => gpu.kernel(name)));
    const evaluations = tangent.evaluations.length;
    const columns = tangent.columns.length;
    const stride = Math.max(...[compiled[0], compiled[2]].map(uniformSize));
    const own = {
      deltas: gpu.buffer('deltas', STORAGE, 4 * (HIDDEN + 4) * evaluations * batch),
      sums: gpu.buffer('sums of the columns', STORAGE, 4 * columns),
      operation: gpu.buffer('tangent adjoint', UNIFORM | COPY_DST, (evaluations + 1) * stride),
    };
    const bytes = new ArrayBuffer(own.operation.size);
    for (let k = 0; k < evaluations; k++) {
      compiled[0].layout.pack('operation', forward.evaluationUniform(k, batch), bytes, k * stride);
    }
    const whole = {
      trajectories: batch,
      evaluations,
      feature_quads: tangentLayout(tangent, figures.mean.length).inputs / 4,
      columns,
      tangent_width: rowWidth(tangent),
      shared_count: tangent.shared,
    };
    compiled[2].layout.pack('operation', whole, bytes, evaluations * stride);
    gpu.device.queue.writeBuffer(own.operation, 0, bytes);
    const { columnGradient: column_gradient, weights: predictor_weights, ...rest } = buffers;
    const shared = { ...rest, ...own, ...forward.tape, column_gradient, predictor_weights };
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(KERNELS.map((name, i) => [name, values[i]])) as Record<AdjointKernel, T>;
    const groups = compiled.map((kernel) => kernel.bind(shared));
    return new TangentAdjoint(
      byName(compiled),
      byName(groups),
      own,
      buffers.gradient,
      evaluations,
      columns,
      stride,
      batch,
    );
  }

  /** Records the way back, once the columns have their gradient. The gradient of the parameters is written anew. */
  record(pass: GPUComputePassEncoder): void {
    for (let k = 0; k < this.evaluations; k++) {
      this.dispatch(pass, 'tangent/network_vjp', Math.ceil(this.batch / 64), [k * this.stride]);
    }
    this.dispatch(pass, 'tangent/column_sums', this.columns, []);
    const quads = this.gradient.size / 16;
    this.dispatch(pass, 'tangent/weight_gradient', Math.ceil(quads / 64), [this.evaluations * this.stride]);
  }

  destroy(): void {
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: AdjointKernel,
    groups: number,
    offsets: number[],
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], offsets);
    pass.dispatchWorkgroups(...folded(groups));
  }
}
