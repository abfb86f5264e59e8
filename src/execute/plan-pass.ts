import type { BatchBuffers, BoundField, PreparedField } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { NoiseKey } from '../rng/draw.js';
import { type Plan, type Slot, stepsOf } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';
import { PlanConstants } from './plan-constants.js';
import { PlanNoise } from './plan-noise.js';
import type { PlacedRepeats } from './repeats.js';
import {
  REPEATED_KERNELS,
  REPEATED_QUADS,
  UPDATE_KERNELS,
  type UpdateKernel,
  type UpdateRepeats,
  updateKernel,
} from './update.js';

/** Where the slots and the uniforms of a plan's operations are. */
export interface PlanPlaces {
  dim: number;
  /** Where a slot starts, in vec4. */
  start(slot: Slot): number;
  /** Where the uniform of operation i stands, in bytes: a multiple of 256. */
  uniform(i: number): number;
}

/** The operations [first, end) of a plan. */
export interface OperationRange {
  first: number;
  end: number;
}

/** Room for the largest uniform of an update or its adjoint: a combination of MAX_TERMS terms. */
const UPDATE_UNIFORM = 1024;

/** Bytes from one operation's uniform to the next, given what evaluations and their products take. */
export function uniformStride(...operationSizes: number[]): number {
  return Math.max(UPDATE_UNIFORM, Math.ceil(Math.max(...operationSizes) / 256) * 256);
}

/** What records a plan, over the buffers of one run. */
export interface PlanRecorder {
  /** Evaluations in one pass, per trajectory, as recorded. */
  readonly evaluations: number;
  /**
   * Writes the uniforms of all operations for the first `trajectories`.
   * @param key of the random numbers, for plans that draw some
   */
  pack(target: ArrayBuffer, trajectories: number, key?: NoiseKey): void;
  /**
   * Records the plan, or a part of it, for the first `trajectories`.
   * @param before what else is to be recorded before an operation
   */
  record(
    pass: GPUComputePassEncoder,
    trajectories: number,
    before?: (pass: GPUComputePassEncoder, operation: number) => void,
    part?: OperationRange,
  ): void;
  /** Where the field is computed outside of the device: as BoundField says. */
  readonly compute?: BoundField['compute'];
  destroy(): void;
}

/** A plan's operations, one dispatch each, over the buffers of one run: compiled and bound once. */
export class PlanPass implements PlanRecorder {
  evaluations = 0;
  readonly compute: BoundField['compute'];
  private readonly bound: BoundField;
  private readonly groups: Map<Kernel, GPUBindGroup>;

  private constructor(
    private readonly gpu: Gpu,
    private readonly field: PreparedField,
    private readonly plan: Plan,
    private readonly places: PlanPlaces,
    /** Those of updates, and how many vec4 an invocation of the repeated combination takes. */
    private readonly updates: { byName: ReadonlyMap<UpdateKernel, Kernel>; quads: number },
    private readonly constants: PlanConstants | undefined,
    private readonly noise: PlanNoise | undefined,
    private readonly repeats: PlacedRepeats | undefined,
    buffers: BatchBuffers,
  ) {
    this.bound = field.bind(buffers);
    this.compute = this.bound.compute?.bind(this.bound);
    const { slots, columns, status, operation } = buffers;
    this.groups = new Map(
      [...updates.byName.values()].map((kernel) => [
        kernel,
        kernel.bind({ slots, columns, status, operation }),
      ]),
    );
  }

  /**
   * Compiles what is not compiled yet, all kernels at once.
   * @param repeats what need not be done for all trajectories
   * @throws FewstepError bad-shape for a constant of another dimension
   */
  static async create(
    gpu: Gpu,
    field: PreparedField,
    plan: Plan,
    places: PlanPlaces,
    buffers: BatchBuffers,
    repeats?: PlacedRepeats,
  ): Promise<PlanPass> {
    const names: readonly UpdateKernel[] = repeats ? REPEATED_KERNELS : UPDATE_KERNELS;
    const most = REPEATED_QUADS[gpu.adapter.software ? 'software' : 'hardware'];
    const quads = repeats && (repeats.period * places.dim) % (4 * most) === 0 ? most : 1;
    const variant = { constants: { QUADS: quads } };
    const [kernels, constants, noise] = await Promise.all([
      Promise.all(names.map((name) => gpu.kernel(name, name === 'repeated/combine' ? variant : undefined))),
      PlanConstants.create(gpu, plan, places.dim, buffers),
      PlanNoise.create(gpu, plan, places.dim, buffers),
    ]);
    return new PlanPass(
      gpu,
      field,
      plan,
      places,
      { byName: new Map(names.map((name, i) => [name, kernels[i]])), quads },
      constants,
      noise,
      repeats,
      buffers,
    );
  }

  pack(target: ArrayBuffer, trajectories: number, key: NoiseKey = { seed: 0, first: 0 }): void {
    const { dim, start } = this.places;
    const steps = stepsOf(this.plan);
    const vectors = (rows: number) => Math.ceil((rows * dim) / 4);
    const repeats = this.updateRepeats();
    for (const [i, operation] of this.plan.operations.entries()) {
      const offset = this.places.uniform(i);
      const rows = this.repeats?.rows[i] ?? trajectories;
      const count = vectors(rows);
      if (operation.kind === 'evaluate') {
        const { time, divisor } = this.repeats?.told.get(i) ?? operation;
        const value = {
          state: 4 * start(operation.state),
          output: 4 * start(operation.out),
          trajectories: rows,
          velocity: operation.output === 'velocity' ? 1 : 0,
          sigma: scalarStruct(time),
          divisor: scalarStruct(divisor),
        };
        this.field.pack(value, target, offset);
      } else if (operation.kind === 'constant') {
        this.constants!.pack(operation, { output: start(operation.out), count }, target, offset);
      } else if (operation.kind === 'noise') {
        const place = { trajectories, step: steps[i], start: (slot: Slot) => 4 * start(slot) };
        this.noise!.pack(operation, place, key, target, offset);
      } else {
        const { kernel, uniform } = updateKernel(operation, start, repeats);
        const common = { dim, trajectories, step: steps[i], count };
        this.updates.byName.get(kernel)!.layout.pack('operation', { ...uniform, ...common }, target, offset);
      }
    }
  }

  /**
   * Records operations for the first `trajectories`.
   * @param before what else is to be recorded before an operation
   */
  record(
    pass: GPUComputePassEncoder,
    trajectories: number,
    before?: (pass: GPUComputePassEncoder, operation: number) => void,
    part: OperationRange = { first: 0, end: this.plan.operations.length },
  ): void {
    if (part.first === 0) this.evaluations = 0;
    const repeats = this.updateRepeats();
    for (let i = part.first; i < part.end; i++) {
      before?.(pass, i);
      const operation = this.plan.operations[i];
      const offset = this.places.uniform(i);
      const rows = this.repeats?.rows[i] ?? trajectories;
      if (operation.kind === 'evaluate') {
        this.bound.encode(pass, offset, rows);
        this.gpu.work.evaluations += rows;
        this.evaluations++;
        continue;
      }
      if (operation.kind === 'noise') {
        this.noise!.encode(pass, trajectories, offset);
        continue;
      }
      let quads = 1;
      if (operation.kind === 'constant') {
        this.constants!.bind(pass, offset);
      } else {
        const name = updateKernel(operation, this.places.start, repeats).kernel;
        const kernel = this.updates.byName.get(name)!;
        if (name === 'repeated/combine') quads = this.updates.quads;
        pass.setPipeline(kernel.pipeline);
        pass.setBindGroup(0, this.groups.get(kernel)!, [offset]);
      }
      pass.dispatchWorkgroups(...folded(Math.ceil((rows * this.places.dim) / 4 / 64 / quads)));
    }
  }

  private updateRepeats(): UpdateRepeats | undefined {
    if (!this.repeats) return undefined;
    const { period, variants, slotRows } = this.repeats;
    const vectors = (rows: number) => (rows * this.places.dim) / 4;
    return { period: vectors(period), variants, rowsOf: (slot) => vectors(slotRows[slot]) };
  }

  destroy(): void {
    this.bound.destroy();
    this.constants?.destroy();
  }
}
