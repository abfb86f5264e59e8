import { PlanAdjoint } from '../execute/plan-adjoint.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { PlanFamily } from '../solver/plan-family.js';
import type { TeacherPool } from './pool.js';
import { FIGURES, type StateLoss, StateLossPass } from './state-loss.js';

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
  loss: StateLoss;
}

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
    private readonly loss: StateLossPass,
    private readonly sumKernel: Kernel,
    private readonly sumGroup: GPUBindGroup,
    private readonly buffers: Record<'errors' | 'latents' | 'endpoints' | 'sums' | 'staging', GPUBuffer>,
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
    const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { dim } = field;
    const [adjoint, sumKernel] = await Promise.all([
      PlanAdjoint.create(gpu, field, family.plan, batch),
      gpu.kernel('distill/column_sums'),
    ]);
    const { slots, columnGradient: column_gradient } = adjoint.buffers;
    const end = { result: adjoint.slot(adjoint.result), cotangent: adjoint.cotangent(adjoint.result) };
    const errors = gpu.buffer('errors', STORAGE, 4 * batch);
    const lossPass = await StateLossPass.create(gpu, { slots, errors }, [end], loss, { batch, dim });
    const sumsBytes = Math.max(4, 4 * family.plan.columns);
    const buffers = {
      errors,
      latents: gpu.buffer('latents of the teacher', COPY_SRC, pool.latents),
      endpoints: gpu.buffer('end points of the teacher', COPY_SRC, pool.states[pool.states.length - 1]),
      sums: gpu.buffer('sums of the columns', STORAGE | COPY_SRC, sumsBytes),
      staging: gpu.buffer('figures (readback)', MAP_READ | COPY_DST, FIGURES + sumsBytes),
    };
    const sumGroup = sumKernel.bind({ column_gradient, sums: buffers.sums });
    const batches = Math.floor(pool.latents.length / dim / batch);
    return new WholeTrajectory(gpu, family, adjoint, lossPass, sumKernel, sumGroup, buffers, batches);
  }

  /** Runs batch number `index` of the pool, modulo their number, forwards and back. */
  async run(parameters: Float64Array, index: number): Promise<BatchFigures> {
    const { adjoint, family, buffers, gpu, loss } = this;
    const { batch, dim } = adjoint;
    const rowBytes = 4 * batch * dim;
    const first = (index % this.batches) * rowBytes;
    adjoint.uploadColumns(family.values(parameters));
    const encoder = gpu.device.createCommandEncoder();
    adjoint.recordClear(encoder);
    encoder.copyBufferToBuffer(buffers.latents, first, adjoint.buffers.slots, 0, rowBytes);
    encoder.copyBufferToBuffer(buffers.endpoints, first, loss.targets, 0, rowBytes);
    const pass = encoder.beginComputePass();
    adjoint.recordForward(pass);
    loss.record(pass);
    adjoint.recordBackward(pass);
    pass.setPipeline(this.sumKernel.pipeline);
    pass.setBindGroup(0, this.sumGroup);
    pass.dispatchWorkgroups(family.plan.columns);
    pass.end();
    encoder.copyBufferToBuffer(loss.figures, 0, buffers.staging, 0, FIGURES);
    encoder.copyBufferToBuffer(buffers.sums, 0, buffers.staging, FIGURES, buffers.sums.size);
    gpu.device.queue.submit([encoder.finish()]);
    // While the GPU works.
    const jacobian = family.jacobian(parameters);
    await gpu.settle(buffers.staging.mapAsync(GPUMapMode.READ));
    const [value, meanError, ...sums] = new Float32Array(buffers.staging.getMappedRange());
    buffers.staging.unmap();
    const gradient = new Float64Array(parameters.length);
    for (const [c, row] of jacobian.entries()) {
      for (let p = 0; p < gradient.length; p++) gradient[p] += sums[c] * row[p];
    }
    return { loss: value, meanError, gradient };
  }

  destroy(): void {
    this.adjoint.destroy();
    this.loss.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}
