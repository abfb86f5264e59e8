import { FewstepError } from '../errors.js';
import {
  type BoundField,
  type Field,
  type PreparedGradient,
  preparedField,
  preparedGradient,
} from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import { type Evaluate, nfeOf, type Plan, refuseStochastic, type Slot } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';
import { AdjointGather, type GatherPlaces, type RowShare } from './adjoint-gather.js';
import { type BackwardStep, backwardSteps, wholePlan } from './backward-steps.js';
import { type OperationRange, PlanPass, uniformStride } from './plan-pass.js';

/** The buffers of a plan that is run and differentiated. */
interface AdjointBuffers {
  /** All slots, then their cotangents, then what the field's products leave. */
  slots: GPUBuffer;
  columns: GPUBuffer;
  /** The gradient to each column, [columns, batch]. */
  columnGradient: GPUBuffer;
  /** Of each evaluation, [evaluations, batch]. */
  sigmaGradient: GPUBuffer;
  status: GPUBuffer;
  operation: GPUBuffer;
  gathers: GPUBuffer;
}

export interface PlanAdjointOptions {
  /** Where each evaluation writes the field's hidden features, [batch, 64]. */
  features?: GPUBuffer;
  /** The parts of the plan that are to be differentiated alone; by default the whole. */
  parts?: readonly OperationRange[];
  /** How a row is shared out on the way back; by default as suits the adapter. */
  share?: RowShare;
}

/** A part of the way back, with the uniform of each dispatch. */
interface BackwardPart extends OperationRange {
  steps: { step: BackwardStep; uniform: number }[];
}

/**
 * A plan and its adjoint on the GPU for one batch: every slot keeps its value, and the way back goes through the
 * operations in reverse, with the field's vector-Jacobian product at each evaluation and one dispatch between two of
 * them. All is compiled, allocated and bound once; what differs from run to run are the latents, the columns and the
 * cotangent of the result.
 */
export class PlanAdjoint {
  private readonly shared: Float32Array<ArrayBuffer>;

  private constructor(
    private readonly gpu: Gpu,
    readonly plan: Plan,
    readonly dim: number,
    readonly batch: number,
    readonly buffers: AdjointBuffers,
    private readonly forward: PlanPass,
    private readonly product: PreparedGradient,
    private readonly gather: AdjointGather,
    private readonly bound: BoundField,
    private readonly group: GPUBindGroup,
    private readonly parts: readonly BackwardPart[],
    /** Numbers from one slot to the next. */
    private readonly slotStride: number,
    /** Bytes from one uniform to the next. */
    private readonly stride: number,
  ) {
    this.shared = new Float32Array(plan.columns * batch);
    this.pack();
  }

  /**
   * @throws FewstepError bad-field where the field has no gradient, device-limit where the slots do not fit
   */
  static async create(
    gpu: Gpu,
    field: Field,
    plan: Plan,
    batch: number,
    { features, parts = [wholePlan(plan)], share }: PlanAdjointOptions = {},
  ): Promise<PlanAdjoint> {
    refuseStochastic(plan, 'only a deterministic solver can be trained');
    const { dim } = field;
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const [evaluation, product, gather] = await Promise.all([
      preparedField(gpu, field),
      preparedGradient(gpu, field),
      AdjointGather.create(gpu, dim, plan, share),
    ]);
    const slotStride = Math.ceil((batch * dim) / 64) * 64;
    const evaluations = nfeOf(plan);
    const bytes = 4 * (2 * plan.slots + evaluations) * slotStride;
    if (bytes > gpu.limits.maxStorageBufferBindingSize) {
      throw new FewstepError(
        'device-limit',
        `the gradient of ${plan.slots} slots of ${batch} trajectories takes ${bytes} bytes; ` +
          `${gpu.adapter.name} binds ${gpu.limits.maxStorageBufferBindingSize}`,
        'train with a smaller batch',
      );
    }
    const stride = uniformStride(evaluation.operationSize, product.operationSize);
    let gathers = 0;
    const backward = parts.map((part) => ({
      ...part,
      steps: backwardSteps(plan, part).map((step) => ({
        step,
        uniform:
          step.kind === 'gather' ? gather.stride * gathers++ : productUniform(plan, step.operation) * stride,
      })),
    }));
    const kept = STORAGE | COPY_SRC | COPY_DST;
    const columnBytes = Math.max(4, 4 * plan.columns * batch);
    const buffers: AdjointBuffers = {
      slots: gpu.buffer('slots and cotangents', kept, bytes),
      columns: gpu.buffer('columns', kept, columnBytes),
      columnGradient: gpu.buffer('gradient to the columns', kept, columnBytes),
      sigmaGradient: gpu.buffer('gradient to sigma', STORAGE, 4 * evaluations * batch),
      status: gpu.buffer('status', kept, 8 + 4 * batch),
      operation: gpu.buffer('operations', UNIFORM | COPY_DST, 2 * plan.operations.length * stride),
      gathers: gpu.buffer('gathers', UNIFORM | COPY_DST, gathers * gather.stride),
    };
    const start = (slot: Slot) => (slot * slotStride) / 4;
    const places = { dim, start, uniform: (i: number) => i * stride };
    const forward = await PlanPass.create(gpu, evaluation, plan, places, {
      ...buffers,
      features,
      capacity: batch,
    });
    const group = gather.kernel.bind({
      slots: buffers.slots,
      columns: buffers.columns,
      column_gradient: buffers.columnGradient,
      sigma_gradient: buffers.sigmaGradient,
      operation: buffers.gathers,
    });
    const bound = product.bind({ ...buffers, capacity: batch });
    return new PlanAdjoint(
      gpu,
      plan,
      dim,
      batch,
      buffers,
      forward,
      product,
      gather,
      bound,
      group,
      backward,
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
    encoder.clearBuffer(this.buffers.columnGradient);
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

  /** Records the way back, from the cotangent of the last state to the gradient of the columns, of one of the parts. */
  recordBackward(pass: GPUComputePassEncoder, part: OperationRange = this.parts[0]): void {
    const found = this.parts.find(({ first, end }) => first === part.first && end === part.end);
    if (!found) throw new Error(`operations ${part.first} to ${part.end} are no part that was asked for`);
    for (const { step, uniform } of found.steps) {
      if (step.kind === 'gather') this.gather.record(pass, this.group, uniform, this.batch);
      else {
        this.bound.encode(pass, uniform, this.batch);
        this.gpu.work.products += this.batch;
      }
    }
  }

  /** Says which condition each trajectory has, of a field with conditions, for what is submitted from now on. */
  tell(conditions: Uint32Array): void {
    this.forward.tell!(conditions);
    this.bound.tell!(conditions);
  }

  /** Fills each column with one value for all trajectories. */
  uploadColumns(values: ArrayLike<number>): void {
    const { shared, batch, plan } = this;
    for (let c = 0; c < plan.columns; c++) shared.fill(values[c], c * batch, (c + 1) * batch);
    this.gpu.device.queue.writeBuffer(this.buffers.columns, 0, shared);
  }

  destroy(): void {
    this.forward.destroy();
    this.bound.destroy();
    for (const buffer of Object.values(this.buffers) as GPUBuffer[]) buffer.destroy();
  }

  /** Writes the uniforms of both ways, which no run changes. */
  private pack(): void {
    const { plan, buffers, batch, stride } = this;
    const { queue } = this.gpu.device;
    const operations = new ArrayBuffer(buffers.operation.size);
    const gathers = new ArrayBuffer(buffers.gathers.size);
    this.forward.pack(operations, batch);
    const evaluations = plan.operations.filter(({ kind }) => kind === 'evaluate');
    const places: GatherPlaces = {
      slot: (slot) => this.slot(slot),
      cotangent: (slot) => this.cotangent(slot),
      product: (operation) => {
        const sigma = evaluations.indexOf(plan.operations[operation]);
        return { place: (2 * plan.slots + sigma) * this.slotStride, sigma };
      },
    };
    for (const { step, uniform } of this.parts.flatMap(({ steps }) => steps)) {
      if (step.kind === 'gather') this.gather.pack(step.slots, batch, places, gathers, uniform);
    }
    for (const [i, operation] of plan.operations.entries()) {
      if (operation.kind !== 'evaluate') continue;
      this.packProduct(operation, places.product(i), operations, productUniform(plan, i) * stride);
    }
    queue.writeBuffer(buffers.operation, 0, operations);
    queue.writeBuffer(buffers.gathers, 0, gathers);
  }

  private packProduct(
    { state, out, time }: Evaluate,
    { place, sigma }: { place: number; sigma: number },
    target: ArrayBuffer,
    offset: number,
  ): void {
    const value = {
      state: this.slot(state),
      cotangent: this.cotangent(out),
      output: place,
      trajectories: this.batch,
      sigma: scalarStruct(time),
      sigma_column: sigma,
    };
    this.product.pack(value, target, offset);
  }
}

/** Which uniform is that of the product at operation i: the plan's own come first. */
function productUniform({ operations }: Plan, i: number): number {
  return operations.length + i;
}
