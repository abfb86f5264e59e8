import { folded } from '../../gpu/dispatch.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Kernel } from '../../gpu/kernel.js';

/** The mean of the squared distances, or log(mean |e|) + mean(log |e|^2) / 4 with |e|^2 softened. */
export type StateLoss = { kind: 'squared' } | { kind: 'log-mean'; softening: number };

const KERNELS = ['distill/distance', 'distill/measure', 'distill/cotangent'] as const;
type LossKernel = (typeof KERNELS)[number];

/** Bytes of the figures: shaders/distill/loss.wgsl. */
export const FIGURES = 8;
const STRIDE = 256;

/** A state that is compared with targets: where it and its cotangent start in the slots, in numbers. */
export interface ComparedState {
  result: number;
  cotangent: number;
}

/** The loss of a batch's states against targets, and its cotangent. */
export class StateLossPass {
  /** [batch, dim]; what is compared with. */
  readonly targets: GPUBuffer;
  /** The loss and the mean distance, as float32. */
  readonly figures: GPUBuffer;

  private constructor(
    private readonly kernels: Record<LossKernel, Kernel>,
    private readonly groups: Record<LossKernel, GPUBindGroup>,
    private readonly own: Record<'targets' | 'slopes' | 'figures' | 'operation', GPUBuffer>,
    private readonly batch: number,
    private readonly dim: number,
  ) {
    this.targets = own.targets;
    this.figures = own.figures;
  }

  /**
   * @param states what may be compared, by index
   * @param errors where |e|^2 of each trajectory goes, [batch]
   */
  static async create(
    gpu: Gpu,
    { slots, errors }: { slots: GPUBuffer; errors: GPUBuffer },
    states: readonly ComparedState[],
    loss: StateLoss,
    { batch, dim }: { batch: number; dim: number },
  ): Promise<StateLossPass> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const compiled = await Promise.all(KERNELS.map((name) => gpu.kernel(name)));
    const own = {
      targets: gpu.buffer('targets', STORAGE | COPY_DST, 4 * batch * dim),
      slopes: gpu.buffer('slopes', STORAGE, 4 * batch),
      figures: gpu.buffer('figures', STORAGE | COPY_SRC, FIGURES),
      operation: gpu.buffer('losses', UNIFORM | COPY_DST, STRIDE * states.length),
    };
    const bytes = new ArrayBuffer(STRIDE * states.length);
    const common = {
      dim,
      trajectories: batch,
      softening: loss.kind === 'log-mean' ? loss.softening : 0,
      log_mean: loss.kind === 'log-mean' ? 1 : 0,
    };
    for (const [i, state] of states.entries()) {
      compiled[0].layout.pack('operation', { ...common, ...state }, bytes, i * STRIDE);
    }
    gpu.device.queue.writeBuffer(own.operation, 0, bytes);
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(KERNELS.map((name, i) => [name, values[i]])) as Record<LossKernel, T>;
    const groups = compiled.map((kernel) => kernel.bind({ ...own, slots, errors }));
    return new StateLossPass(byName(compiled), byName(groups), own, batch, dim);
  }

  /** Records the comparison of state `index` with the targets, and writes its cotangent. */
  record(pass: GPUComputePassEncoder, index = 0): void {
    this.dispatch(pass, 'distill/distance', index, this.batch);
    this.dispatch(pass, 'distill/measure', index, 1);
    this.dispatch(pass, 'distill/cotangent', index, this.batch * this.dim);
  }

  destroy(): void {
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }

  private dispatch(pass: GPUComputePassEncoder, name: LossKernel, index: number, invocations: number): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], [index * STRIDE]);
    pass.dispatchWorkgroups(...folded(Math.ceil(invocations / 64)));
  }
}
