import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { ShaderVariant } from '../gpu/link.js';
import { type BoundField, type Field, type Kept, kept } from './field.js';
import { partsOf, type Team } from './team.js';

/** The variant of a predictor inside a fused kernel: shaders/fused/{asked,tangent_asked}.wgsl. */
export interface Asking extends Required<Pick<ShaderVariant, 'conditions' | 'constants'>> {
  /** Whether it reads the field's hidden features, or figures of x and D of each evaluation. */
  reads: { hidden: boolean; state: boolean };
  /** Vec4 of its hidden layer: so many invocations may share it. */
  hiddenQuads: number;
}

/** What a plan needs of a fused kernel; each combination is a pipeline, so there are few. */
export interface FusedVariant {
  /** States that the kernel holds besides the one that it evaluates. */
  places: number;
  /** Whether times or coefficients come from columns. */
  columned: boolean;
  /** Whether the plan has constants. */
  constants: boolean;
  /** Whether the plan draws random numbers. */
  noisy: boolean;
  /** What is asked for the plan's columns while it runs, where something is. */
  asking?: Asking;
}

/** A field on one device, linked together with plans: shaders/fused/. */
export interface FusedField {
  /** Trajectories that a workgroup takes. */
  group(variant: FusedVariant): number;
  /** Whether places are in memory, with one more for the kernel itself; else in registers, which are few. */
  readonly inMemory: boolean;
  /** Numbers of a state that an invocation holds in registers; 0 where they are in memory. */
  readonly numbers: number;
  /** Whether evaluations are so much of a run that a software adapter gains nothing by fusing it. */
  readonly costly: boolean;
  /** The field's own buffers by their names in the shader. */
  readonly buffers: Record<string, GPUBuffer>;
  /** Those that each run has of its own, with room for so many trajectories; by default none. */
  bound?(capacity: number): BoundFused;
  /** Their size in bytes. */
  boundBytes?(capacity: number): number;
  /** The kernel that runs whole plans; compiled once per variant. */
  kernel(variant: FusedVariant): Promise<Kernel>;
}

/** What a run of a fused kernel has of its field by itself. */
export interface BoundFused extends Pick<BoundField, 'tell' | 'destroy'> {
  /** By their names in the shader. */
  readonly buffers: Record<string, GPUBuffer>;
}

const fields: Kept<FusedField | undefined> = new WeakMap();

/** A field's fused form on a device, uploaded once; undefined where the field has none. */
export async function fusedField(gpu: Gpu, field: Field): Promise<FusedField | undefined> {
  return field.prepareFused && kept(fields, gpu, field, () => field.prepareFused!(gpu));
}

/** Up to this dimension a state is one vector, up to the other one an array in registers. */
export const [SMALL_DIM, REGISTER_DIM] = [4, 128];

/** Numbers of D that a predictor reads one by one: POOLS of shaders/predictor/figures.wgsl. */
export const POOLS = 56;

/** The conditions and constants of shaders/field/state.wgsl: a trajectory's state in registers. */
export function stateVariant(
  dim: number,
  team: Team = 1,
): Required<Pick<ShaderVariant, 'conditions' | 'constants'>> {
  if (dim > SMALL_DIM) {
    return {
      conditions: { pooled: dim > POOLS, team: team > 1 },
      constants: { DIM: dim, PARTS: partsOf(dim, team), ...(team > 1 && { TEAM: team }) },
    };
  }
  const dims = Object.fromEntries([1, 2, 3, 4].map((d) => [`dim${d}`, d === dim]));
  return { conditions: { ...dims, small: true }, constants: { DIM: dim } };
}

/** The conditions and constants of shaders/fused/plan.wgsl. */
export function planVariant({ places, columned, constants, noisy, asking }: FusedVariant) {
  return {
    conditions: { columned, constants, noisy, ...asking?.conditions },
    constants: { PLACES: places, ...asking?.constants },
  };
}

/** Numbers of a trajectory's states that kernels may hold in registers; more would leave those of any adapter. */
export const MOST_NUMBERS = 1024;
/** Vec4 of a block of places: lavapipe unrolls no loop over 64, and then places are memory, which takes twice as long. */
const BLOCK_PARTS = 48;
/** Blocks that there are in the shader: enough for MOST_NUMBERS. */
const MOST_BLOCKS = 8;

/** The conditions and constants of shaders/fused/registers.wgsl: places of states of `dim` numbers in a lane, by blocks. */
export function registerVariant(
  places: number,
  dim: number,
): Required<Pick<ShaderVariant, 'conditions' | 'constants'>> {
  const parts = dim > SMALL_DIM ? Math.ceil(dim / 4) : 1;
  const size = [4, 3, 2, 1].find((each) => places % each === 0 && each * parts <= BLOCK_PARTS) ?? 1;
  if (places > size * MOST_BLOCKS)
    throw new Error(`${places} places of ${dim} numbers: fusedPlan refuses them`);
  const blocks = Array.from({ length: MOST_BLOCKS }, (_, i) => [`block_${i}`, i * size < places]);
  return { conditions: Object.fromEntries(blocks), constants: { BLOCK: size } };
}
