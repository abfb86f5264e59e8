import { canBroadcast } from '../gpu/broadcast.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import type { Plan } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';
import { columnsOf, type GatheredSlot, type SlotUse, USES_AT_ONCE } from './backward-steps.js';

/** Where the way back finds what it reads, in numbers of the slots' buffer. */
export interface GatherPlaces {
  slot(slot: number): number;
  cotangent(slot: number): number;
  /** What the field's product at an operation leaves: its place, and the row of its gradient to sigma. */
  product(operation: number): { place: number; sigma: number };
}

/** Invocations of a workgroup: shaders/adjoint/gather.wgsl. */
const GROUP = 64;

/** How a row of `dim` numbers is shared out. */
export interface RowShare {
  /** Invocations of a row, a power of two up to 64. */
  lanes: number;
  /** vec4 that each holds at once. */
  block: number;
}

/** More vec4 at once gain little and take longer to compile, except on SwiftShader; see `rowShare`. */
const BLOCK = { all: 2, swiftshader: 16 };

/**
 * On hardware each lane has one vec4 of a row, so that a batch of few trajectories spreads over the chip: not measured
 * there. On software a row is one invocation's, since lanes only add up their sums through memory: on lavapipe all
 * gathers of a bespoke solver (`mixture-64`, NFE 5, batch 128) took 0.62 to 0.86 ms of CPU time by one lane of four vec4
 * at once, 0.67 to 0.72 of two, 0.89 to 0.97 of one; 1.0 ms by 2 lanes, 1.1 by 4, 1.4 by 8, 2.2 by 16. To compile four
 * vec4 took 0.5 to 0.9 s of it, two 0.35 to 0.55, one 0.27 to 0.42. On SwiftShader two vec4 took 20 ms, 16 of them 6.3.
 */
export function rowShare(gpu: Gpu, dim: number, software = gpu.adapter.software): RowShare {
  const quads = Math.ceil(dim / 4);
  const lanes = software ? 1 : Math.min(GROUP, 2 ** Math.ceil(Math.log2(quads)));
  const block = software && !canBroadcast(gpu) ? BLOCK.swiftshader : BLOCK.all;
  return { lanes, block: Math.min(block, Math.ceil(quads / lanes)) };
}

/** The kernel that gathers cotangents, for states of one dimension. */
export class AdjointGather {
  private constructor(
    readonly kernel: Kernel,
    private readonly share: RowShare,
  ) {}

  static async create(
    gpu: Gpu,
    dim: number,
    { operations }: Plan,
    share = rowShare(gpu, dim),
  ): Promise<AdjointGather> {
    const kernel = await gpu.kernel('adjoint/gather', {
      conditions: {
        aligned: dim % 4 === 0,
        shared: share.lanes > 1,
        spans: operations.some(({ kind }) => kind === 'euler-at'),
      },
      constants: { DIM: dim, LANES: share.lanes, BLOCK: share.block, USES: USES_AT_ONCE },
    });
    return new AdjointGather(kernel, share);
  }

  /** Bytes from the uniform of one dispatch to the next. */
  get stride(): number {
    const { size } = this.kernel.layout.bindings.find(({ name }) => name === 'operation')!;
    return Math.ceil(size / 256) * 256;
  }

  /** Writes the uniform of one dispatch. */
  pack(
    slots: readonly GatheredSlot[],
    trajectories: number,
    places: GatherPlaces,
    target: ArrayBuffer,
    offset: number,
  ): void {
    let first = 0;
    const slot = slots.map(({ slot, uses, divisor }): StructValue => {
      const own = {
        slot: places.slot(slot),
        cotangent: places.cotangent(slot),
        first,
        uses: uses.length,
        columned: divisor !== undefined || uses.some(isColumned) ? 1 : 0,
        velocity: divisor === undefined ? 0 : 1,
        divisor: scalarStruct(divisor ?? 1),
      };
      first += uses.length;
      return own;
    });
    const used = slots.flatMap(({ uses }) => uses).map((use) => usedStruct(use, places));
    const value = { trajectories, slots: slots.length, slot, used };
    this.kernel.layout.pack('operation', value, target, offset);
  }

  /** Records one dispatch. */
  record(pass: GPUComputePassEncoder, group: GPUBindGroup, offset: number, trajectories: number): void {
    pass.setPipeline(this.kernel.pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil((trajectories * this.share.lanes) / GROUP)));
  }
}

function usedStruct(use: SlotUse, places: GatherPlaces): StructValue {
  const { source, coefficient, span, time } = use;
  const product = 'product' in source ? places.product(source.product) : undefined;
  return {
    cotangent: 'slot' in source ? places.cotangent(source.slot) : product!.place,
    kind: kindOf(use),
    sigma: product?.sigma ?? 0,
    coefficient: scalarStruct(coefficient),
    learned: scalarStruct(time ?? coefficient),
    at: scalarStruct(span?.at ?? 0),
    start: scalarStruct(span?.start ?? 0),
  };
}

/** What a use is to the kernel, which has the same numbers. */
function kindOf(use: SlotUse): number {
  if ('product' in use.source) return 3;
  if (use.span) return 2;
  return isColumned(use) ? 1 : 0;
}

/** Whether a gradient is the product of cotangent and slot: that to the time comes from the field. */
function isColumned(use: SlotUse): boolean {
  return 'slot' in use.source && columnsOf(use).length > 0;
}
