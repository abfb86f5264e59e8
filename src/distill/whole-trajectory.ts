import { PlanAdjoint } from '../execute/plan-adjoint.js';
import type { Field } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { PlanFamily } from '../solver/plan-family.js';
import type { TeacherPool } from './pool.js';

/** What a batch came to. */
export interface BatchFigures {
  loss: number;
  /** Mean distance of the results to the targets. */
  meanError: number;
  /** The loss's gradient to the family's parameters. */
  gradient: Float64Array;
}

export interface WholeTrajectoryOptions {
  /** Trajectories in a batch. */
  batch: number;
  loss: EndpointLoss;
}

/** The mean of the squared distances, or log(mean |e|) + mean(log |e|^2) / 4 with |e|^2 softened. */
export type EndpointLoss = { kind: 'squared' } | { kind: 'log-mean'; softening: number };

const KERNELS = ['distill/distance', 'distill/measure', 'distill/cotangent', 'distill/column_sums'] as const;
type DistillKernel = (typeof KERNELS)[number];

/** Bytes of the figures: shaders/distill/loss.wgsl. */
const FIGURES = 8;

/**
 * The gradient of a loss at the end of whole trajectories to the parameters that all of them share: the plan runs and
 * is differentiated on the GPU, in one submit a batch, and the sums of the columns' gradients come back to the host,
 * which knows how they depend on the parameters.
 */
export class WholeTrajectory {
  private constructor(
    private readonly gpu: Gpu,
    private readonly family: PlanFamily,
    private readonly adjoint: PlanAdjoint,
    private readonly kernels: Record<DistillKernel, Kernel>,
    private readonly groups: Record<DistillKernel, GPUBindGroup>,
    private readonly buffers: Record<
      'latents' | 'endpoints' | 'targets' | 'errors' | 'figures' | 'sums' | 'uniform' | 'staging',
      GPUBuffer
    >,
    /** Whole batches that the pool holds. */
    readonly batches: number,
  ) {}

  static async create(
    gpu: Gpu,
    field: Field,
    family: PlanFamily,
    pool: TeacherPool,
    { batch, loss }: WholeTrajectoryOptions,
  ): Promise<WholeTrajectory> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { dim } = field;
    const [adjoint, compiled] = await Promise.all([
      PlanAdjoint.create(gpu, field, family.plan, batch),
      Promise.all(KERNELS.map((name) => gpu.kernel(name))),
    ]);
    const sumsBytes = Math.max(4, 4 * family.plan.columns);
    const buffers = {
      latents: gpu.buffer('latents of the teacher', COPY_SRC, pool.latents),
      endpoints: gpu.buffer('end points of the teacher', COPY_SRC, pool.states[pool.states.length - 1]),
      targets: gpu.buffer('targets', STORAGE | COPY_DST, 4 * batch * dim),
      errors: gpu.buffer('errors', STORAGE, 4 * batch),
      figures: gpu.buffer('figures', STORAGE | COPY_SRC, FIGURES),
      sums: gpu.buffer('sums of the columns', STORAGE | COPY_SRC, sumsBytes),
      uniform: gpu.buffer('loss', UNIFORM | COPY_DST, 256),
      staging: gpu.buffer('figures (readback)', MAP_READ | COPY_DST, FIGURES + sumsBytes),
    };
    const value = {
      result: adjoint.slot(adjoint.result),
      cotangent: adjoint.cotangent(adjoint.result),
      dim,
      trajectories: batch,
      softening: loss.kind === 'log-mean' ? loss.softening : 0,
      log_mean: loss.kind === 'log-mean' ? 1 : 0,
    };
    gpu.device.queue.writeBuffer(buffers.uniform, 0, compiled[0].layout.pack('operation', value));
    const { slots, columnGradient: column_gradient } = adjoint.buffers;
    const { uniform: operation, ...own } = buffers;
    const groups = compiled.map((kernel) => kernel.bind({ ...own, slots, column_gradient, operation }));
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(KERNELS.map((name, i) => [name, values[i]])) as Record<DistillKernel, T>;
    const batches = Math.floor(pool.latents.length / dim / batch);
    return new WholeTrajectory(gpu, family, adjoint, byName(compiled), byName(groups), buffers, batches);
  }

  /** Runs batch number `index` of the pool, modulo their number, forwards and back. */
  async run(parameters: Float64Array, index: number): Promise<BatchFigures> {
    const { adjoint, family, buffers, gpu } = this;
    const { batch, dim } = adjoint;
    const rowBytes = 4 * batch * dim;
    const first = (index % this.batches) * rowBytes;
    adjoint.uploadColumns(family.values(parameters));
    const encoder = gpu.device.createCommandEncoder();
    adjoint.recordClear(encoder);
    encoder.copyBufferToBuffer(buffers.latents, first, adjoint.buffers.slots, 0, rowBytes);
    encoder.copyBufferToBuffer(buffers.endpoints, first, buffers.targets, 0, rowBytes);
    const pass = encoder.beginComputePass();
    adjoint.recordForward(pass);
    this.dispatch(pass, 'distill/distance', Math.ceil(batch / 64));
    this.dispatch(pass, 'distill/measure', 1);
    this.dispatch(pass, 'distill/cotangent', Math.ceil((batch * dim) / 64));
    adjoint.recordBackward(pass);
    this.dispatch(pass, 'distill/column_sums', family.plan.columns);
    pass.end();
    encoder.copyBufferToBuffer(buffers.figures, 0, buffers.staging, 0, FIGURES);
    encoder.copyBufferToBuffer(buffers.sums, 0, buffers.staging, FIGURES, buffers.sums.size);
    gpu.device.queue.submit([encoder.finish()]);
    // While the GPU works.
    const jacobian = family.jacobian(parameters);
    await gpu.settle(buffers.staging.mapAsync(GPUMapMode.READ));
    const [loss, meanError, ...sums] = new Float32Array(buffers.staging.getMappedRange());
    buffers.staging.unmap();
    const gradient = new Float64Array(parameters.length);
    for (const [c, row] of jacobian.entries()) {
      for (let p = 0; p < gradient.length; p++) gradient[p] += sums[c] * row[p];
    }
    return { loss, meanError, gradient };
  }

  destroy(): void {
    this.adjoint.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  private dispatch(pass: GPUComputePassEncoder, name: DistillKernel, groups: number): void {
    pass.setPipeline(this.kernels[name].pipeline);
    // The sums have no uniform.
    pass.setBindGroup(0, this.groups[name], name === 'distill/column_sums' ? [] : [0]);
    pass.dispatchWorkgroups(...folded(groups));
  }
}
