import { FewstepError } from '../errors.js';
import {
  type BoundField,
  type Field,
  type PreparedGradient,
  preparedField,
  preparedGradient,
} from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { type Operation, type Plan, refuseStochastic, type Slot } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';
import { type OperationRange, PlanPass, uniformStride } from './plan-pass.js';

/** One operation's kernels on the way back. */
export const ADJOINT_KERNELS = [
  'adjoint/combine',
  'adjoint/euler_at',
  'adjoint/denoised',
  'adjoint/pulled',
] as const;
type AdjointKernel = (typeof ADJOINT_KERNELS)[number];

/** The buffers of a plan that is run and differentiated. */
interface AdjointBuffers {
  /** All slots, then their cotangents, then two of scratch. */
  slots: GPUBuffer;
  columns: GPUBuffer;
  /** The gradient to each column, [columns, batch]. */
  columnGradient: GPUBuffer;
  /** Of the product at hand, [batch]. */
  sigmaGradient: GPUBuffer;
  status: GPUBuffer;
  operation: GPUBuffer;
}

/**
 * A plan and its adjoint on the GPU for one batch: every slot keeps its value, and the way back goes through the
 * operations in reverse, with the field's vector-Jacobian product at each evaluation. All is compiled, allocated and
 * bound once; what differs from run to run are the latents, the columns and the cotangent of the result.
 */
export class PlanAdjoint {
  private constructor(
    private readonly gpu: Gpu,
    readonly plan: Plan,
    readonly dim: number,
    readonly batch: number,
    readonly buffers: AdjointBuffers,
    private readonly forward: PlanPass,
    private readonly product: PreparedGradient,
    private readonly kernels: Record<AdjointKernel, Kernel>,
    private readonly bound: BoundField,
    private readonly groups: Record<AdjointKernel, GPUBindGroup>,
    /** Numbers from one slot to the next. */
    private readonly slotStride: number,
    /** Bytes from one uniform to the next. */
    private readonly stride: number,
  ) {
    this.pack();
  }

  /**
   * @param features where each evaluation writes the field's hidden features, [batch, 64]
   * @throws FewstepError bad-field where the field has no gradient, device-limit where the slots do not fit
   */
  static async create(
    gpu: Gpu,
    field: Field,
    plan: Plan,
    batch: number,
    features?: GPUBuffer,
  ): Promise<PlanAdjoint> {
    refuseStochastic(plan, 'only a deterministic solver can be trained');
    const { dim } = field;
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const [evaluation, product] = await Promise.all([
      preparedField(gpu, field),
      preparedGradient(gpu, field),
    ]);
    const slotStride = Math.ceil((batch * dim) / 64) * 64;
    const bytes = 4 * (2 * plan.slots + 2) * slotStride;
    if (bytes > gpu.limits.maxStorageBufferBindingSize) {
      throw new FewstepError(
        'device-limit',
        `the gradient of ${plan.slots} slots of ${batch} trajectories takes ${bytes} bytes; ` +
          `${gpu.adapter.name} binds ${gpu.limits.maxStorageBufferBindingSize}`,
        'train with a smaller batch',
      );
    }
    const stride = uniformStride(evaluation.operationSize, product.operationSize);
    const kept = STORAGE | COPY_SRC | COPY_DST;
    const columnBytes = Math.max(4, 4 * plan.columns * batch);
    const buffers: AdjointBuffers = {
      slots: gpu.buffer('slots and cotangents', kept, bytes),
      columns: gpu.buffer('columns', kept, columnBytes),
      columnGradient: gpu.buffer('gradient to the columns', kept, columnBytes),
      sigmaGradient: gpu.buffer('gradient to sigma', STORAGE, 4 * batch),
      status: gpu.buffer('status', kept, 8 + 4 * batch),
      operation: gpu.buffer('operations', UNIFORM | COPY_DST, uniformCount(plan) * stride),
    };
    const start = (slot: Slot) => (slot * slotStride) / 4;
    const places = { dim, start, uniform: (i: number) => i * stride };
    const [forward, compiled] = await Promise.all([
      PlanPass.create(gpu, evaluation, plan, places, { ...buffers, features, capacity: batch }),
      Promise.all(ADJOINT_KERNELS.map((name) => gpu.kernel(name))),
    ]);
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(ADJOINT_KERNELS.map((name, i) => [name, values[i]])) as Record<AdjointKernel, T>;
    const {
      slots,
      columns,
      columnGradient: column_gradient,
      sigmaGradient: sigma_gradient,
      operation,
    } = buffers;
    const groups = compiled.map((kernel) =>
      kernel.bind({ slots, columns, column_gradient, sigma_gradient, operation }),
    );
    const bound = product.bind({ ...buffers, capacity: batch });
    return new PlanAdjoint(
      gpu,
      plan,
      dim,
      batch,
      buffers,
      forward,
      product,
      byName(compiled),
      bound,
      byName(groups),
      slotStride,
      stride,
    );
  }

  /** Where a slot starts, in numbers. */
  slot(slot: Slot): number {
    return slot * this.slotStride;
  }

  /** Where the cotangent of a slot starts, in numbers. */
  cotangent(slot: Slot): number {
    return (this.plan.slots + slot) * this.slotStride;
  }

  /** The slot of the state at the last time. */
  get result(): Slot {
    return this.plan.states[this.plan.states.length - 1];
  }

  /** Sets what the way back adds to. To be recorded before the pass. */
  recordClear(encoder: GPUCommandEncoder): void {
    const { slots, columnGradient } = this.buffers;
    encoder.clearBuffer(slots, 4 * this.cotangent(0), 4 * this.plan.slots * this.slotStride);
    encoder.clearBuffer(columnGradient);
  }

  /**
   * Records the plan, from the latents in slot 0 and the columns, or a part of it.
   * @param before what else is to be recorded before an operation
   */
  recordForward(
    pass: GPUComputePassEncoder,
    before?: (pass: GPUComputePassEncoder, operation: number) => void,
    part?: OperationRange,
  ): void {
    this.forward.record(pass, this.batch, before, part);
  }

  /** Records the way back, from the cotangent of the result to the gradient of the columns, or a part of it. */
  recordBackward(pass: GPUComputePassEncoder, part?: OperationRange): void {
    const { operations } = this.plan;
    const { first, end } = part ?? { first: 0, end: operations.length };
    for (let i = end - 1; i >= first; i--) this.recordAdjoint(pass, operations[i], i);
  }

  /** Fills each column with one value for all trajectories. */
  uploadColumns(values: ArrayLike<number>): void {
    const columns = new Float32Array(this.plan.columns * this.batch);
    for (let c = 0; c < this.plan.columns; c++) {
      columns.fill(values[c], c * this.batch, (c + 1) * this.batch);
    }
    this.gpu.device.queue.writeBuffer(this.buffers.columns, 0, columns);
  }

  destroy(): void {
    this.forward.destroy();
    this.bound.destroy();
    for (const buffer of Object.values(this.buffers) as GPUBuffer[]) buffer.destroy();
  }

  private recordAdjoint(pass: GPUComputePassEncoder, operation: Operation, i: number): void {
    const { adjoint, product } = this.uniforms(i);
    switch (operation.kind) {
      case 'combine':
        this.dispatch(pass, 'adjoint/combine', adjoint, this.batch);
        break;
      case 'euler-at':
        this.dispatch(pass, 'adjoint/euler_at', adjoint, this.batch);
        break;
      case 'evaluate':
        if (operation.output === 'velocity') {
          this.dispatch(pass, 'adjoint/denoised', adjoint, this.batch * this.dim);
        }
        this.bound.encode(pass, product, this.batch);
        this.dispatch(pass, 'adjoint/pulled', adjoint, this.batch);
        break;
      case 'constant': // Nothing that it could be told to flows back.
      case 'noise': // Refused from the start.
        break;
    }
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

  /** Where the uniforms of operation i's adjoint are: the forward ones come first. */
  private uniforms(i: number): { adjoint: number; product: number } {
    const { length } = this.plan.operations;
    return { adjoint: (length + 2 * i) * this.stride, product: (length + 2 * i + 1) * this.stride };
  }

  /** Writes the uniforms of both ways, which no run changes. */
  private pack(): void {
    const bytes = new ArrayBuffer(uniformCount(this.plan) * this.stride);
    this.forward.pack(bytes, this.batch);
    for (const [i, operation] of this.plan.operations.entries()) this.packAdjoint(bytes, operation, i);
    this.gpu.device.queue.writeBuffer(this.buffers.operation, 0, bytes);
  }

  private packAdjoint(bytes: ArrayBuffer, operation: Operation, i: number): void {
    const { adjoint, product } = this.uniforms(i);
    const common = { dim: this.dim, trajectories: this.batch, cotangent: this.cotangent(operation.out) };
    const pack = (name: AdjointKernel, value: StructValue) =>
      this.kernels[name].layout.pack('operation', { ...common, ...value }, bytes, adjoint);
    switch (operation.kind) {
      case 'combine':
        pack('adjoint/combine', {
          terms: operation.terms.length,
          term: operation.terms.map(({ coefficient, slot }) => ({
            coefficient: scalarStruct(coefficient),
            slot: this.slot(slot),
            cotangent: this.cotangent(slot),
          })),
        });
        break;
      case 'euler-at':
        pack('adjoint/euler_at', {
          velocity: this.slot(operation.velocity),
          state_cotangent: this.cotangent(operation.state),
          velocity_cotangent: this.cotangent(operation.velocity),
          at: scalarStruct(operation.at),
          start: scalarStruct(operation.start),
          scale: scalarStruct(operation.scale),
        });
        break;
      case 'evaluate': {
        const velocity = operation.output === 'velocity';
        const scratch = 2 * this.plan.slots * this.slotStride;
        const denoisedCotangent = velocity ? scratch : this.cotangent(operation.out);
        const pulled = scratch + this.slotStride;
        pack('adjoint/pulled', {
          output: this.slot(operation.out),
          state_cotangent: this.cotangent(operation.state),
          denoised_cotangent: denoisedCotangent,
          pulled,
          velocity: velocity ? 1 : 0,
          time: scalarStruct(operation.time),
          divisor: scalarStruct(operation.divisor),
        });
        this.product.pack(
          {
            state: this.slot(operation.state),
            cotangent: denoisedCotangent,
            output: pulled,
            trajectories: this.batch,
            sigma: scalarStruct(operation.time),
            sigma_column: 0,
          },
          bytes,
          product,
        );
        break;
      }
      case 'constant':
      case 'noise':
        break;
    }
  }
}

function uniformCount({ operations }: Plan): number {
  return 3 * operations.length;
}
