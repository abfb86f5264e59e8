import type { BatchBuffers, BoundField, PreparedField } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
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
  /** Where the field has conditions: as BoundField says. */
  readonly tell?: BoundField['tell'];
  destroy(): void;
}

/** An update of a plan: which kernel does it, over the buffers of the run, and its uniform without what a pass adds. */
interface Update {
  kernel: Kernel;
  group: GPUBindGroup;
  uniform: StructValue;
}

/** A plan's operations, one dispatch each, over the buffers of one run: compiled and bound once. */
export class PlanPass implements PlanRecorder {
  evaluations = 0;
  readonly compute: BoundField['compute'];
  readonly tell: BoundField['tell'];
  private readonly bound: BoundField;

  private constructor(
    private readonly gpu: Gpu,
    private readonly field: PreparedField,
    private readonly plan: Plan,
    private readonly places: PlanPlaces,
    /** By operation. */
    private readonly updates: ReadonlyMap<number, Update>,
    /** Vec4 that an invocation of them takes. */
    private readonly quads: number,
    private readonly constants: PlanConstants | undefined,
    private readonly noise: PlanNoise | undefined,
    private readonly repeats: PlacedRepeats | undefined,
    buffers: BatchBuffers,
  ) {
    this.bound = field.bind(buffers);
    this.compute = this.bound.compute?.bind(this.bound);
    this.tell = this.bound.tell?.bind(this.bound);
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
    const variant = repeats && { constants: { QUADS: quads } };
    const [kernels, constants, noise] = await Promise.all([
      Promise.all(names.map((name) => gpu.kernel(name, variant))),
      PlanConstants.create(gpu, plan, places.dim, buffers),
      PlanNoise.create(gpu, plan, places.dim, buffers),
    ]);
    const { slots, columns, status, operation } = buffers;
    const bound = new Map(
      names.map((name, i) => {
        const kernel = kernels[i];
        return [name, { kernel, group: kernel.bind({ slots, columns, status, operation }) }];
      }),
    );
    const vectors = (rows: number) => (rows * places.dim) / 4;
    const repeated = repeats && {
      period: vectors(repeats.period),
      variants: repeats.variants,
      rowsOf: (slot: Slot) => vectors(repeats.slotRows[slot]),
    };
    const updates = new Map<number, Update>();
    for (const [i, own] of plan.operations.entries()) {
      if (own.kind !== 'combine' && own.kind !== 'euler-at') continue;
      const { kernel, uniform } = updateKernel(own, places.start, repeated);
      updates.set(i, { ...bound.get(kernel)!, uniform });
    }
    return new PlanPass(gpu, field, plan, places, updates, quads, constants, noise, repeats, buffers);
  }

  pack(target: ArrayBuffer, trajectories: number, key: NoiseKey = { seed: 0, first: 0 }): void {
    const { dim, start } = this.places;
    const steps = stepsOf(this.plan);
    for (const [i, operation] of this.plan.operations.entries()) {
      const offset = this.places.uniform(i);
      const rows = this.repeats?.rows[i] ?? trajectories;
      const count = Math.ceil((rows * dim) / 4);
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
        const { kernel, uniform } = this.updates.get(i)!;
        const common = { dim, trajectories, step: steps[i], count };
        kernel.layout.pack('operation', { ...uniform, ...common }, target, offset);
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
      const update = this.updates.get(i);
      if (update) {
        pass.setPipeline(update.kernel.pipeline);
        pass.setBindGroup(0, update.group, [offset]);
      } else {
        this.constants!.bind(pass, offset);
      }
      const quads = update ? this.quads : 1;
      pass.dispatchWorkgroups(...folded(Math.ceil((rows * this.places.dim) / 4 / 64 / quads)));
    }
  }

  destroy(): void {
    this.bound.destroy();
    this.constants?.destroy();
  }
}
