import { canBroadcast } from '../gpu/broadcast.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { ShaderVariant } from '../gpu/link.js';
import type { ShaderName } from '../gpu/shaders.js';
import type { BoundField, PreparedField } from './field.js';
import { REGISTER_DIM, SMALL_DIM, stateVariant } from './fused.js';
import { type MixtureSpec, normalizedWeights } from './mixture.js';
import { boundKernel, operationOf, shared } from './operation.js';
import { partsOf, type Team, teamFor } from './team.js';

/** Numbers of the four states that the tiled kernel holds in workgroup memory: 8 KiB of at least 16. */
const STAGE = 512;
/** Trajectories of a workgroup above 128 dimensions: BATCH of shaders/field/four.wgsl. */
export const WIDE_BATCH = 4;
/** Components that the kernel for few of them may have. */
export const FEW = 64;
/** Distances that an invocation of that kernel sums at once: in 64 invocations 8 KiB of workgroup memory. */
const CHUNK = 8;
/** Components from which on lanes meet them in pairs, and trajectories of a workgroup that does. */
const [PAIRS_FROM, PAIRS_BATCH] = [24, 32];
/** Trajectories of a workgroup whose lanes take them by themselves: BATCH of shaders/field/lanes.wgsl. */
export const LANES_BATCH = 32;
/** Vec4 of a state that such a lane holds at a time. */
const SPAN = 24;

/**
 * How components are met: by one invocation a trajectory, or by a workgroup, whose invocations share out dimensions or
 * components.
 */
export type MixtureKernel = 'small' | 'registers' | 'few' | 'tiled';

/** Uploads a mixture and compiles its kernel for one device; which one depends on its size, unless it is given. */
export async function prepareMixture(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: MixtureKernel | 'lanes' = goesByLanes(gpu, spec) ? 'lanes' : mixtureKernelFor(gpu, spec),
): Promise<PreparedField> {
  if (kernel === 'tiled') return prepareTiled(gpu, spec);
  if (kernel === 'lanes') return prepareLanes(gpu, spec);
  if (kernel === 'few') return prepareFew(gpu, spec);
  const team = teamFor(gpu, spec.dim);
  const { name, variant, row } = untiledKernel(spec, kernel, { team });
  const conditions = { ...variant.conditions, broadcast: canBroadcast(gpu) };
  if (kernel === 'registers' && meetsPairs(gpu, spec)) {
    const pairs = await gpu.kernel('field/mixture_pairs', { ...variant, conditions });
    return prepareUntiled(gpu, spec, pairs, row, PAIRS_BATCH);
  }
  return prepareUntiled(gpu, spec, await gpu.kernel(name, { ...variant, conditions }), row, 64 / team);
}

/** Whether all components fit one binding, in rows as the kernels of one binding pad them. */
export function fitsBinding(gpu: Gpu, { weights, dim }: MixtureSpec): boolean {
  const row = dim <= 2 ? 2 : Math.ceil(dim / 4) * 4;
  return weights.length * row * 4 <= gpu.limits.maxStorageBufferBindingSize;
}

/**
 * Which kernel a mixture gets on a device. Above 128 dimensions up to 64 components share out dimensions among
 * invocations; more of them fill a tile, and come in shards past one binding.
 */
export function mixtureKernelFor(gpu: Gpu, spec: MixtureSpec): MixtureKernel {
  if (!fitsBinding(gpu, spec)) return 'tiled';
  if (spec.dim > REGISTER_DIM) return spec.weights.length <= FEW ? 'few' : 'tiled';
  return spec.dim > SMALL_DIM ? 'registers' : 'small';
}

/**
 * Whether lanes that tell each other what they load meet components in pairs. With ten components of 64 dimensions D took
 * 1.2 times as long by pairs, and its product as long; with 40 and 100 half and two thirds.
 */
export function meetsPairs(gpu: Gpu, spec: MixtureSpec): boolean {
  const enough = spec.dim > SMALL_DIM && spec.weights.length >= PAIRS_FROM;
  return canBroadcast(gpu) && enough && !conditionsOf(spec).per_dimension;
}

/** Whether lanes take trajectories above 128 dimensions by themselves, and tell each other what they load. */
export function goesByLanes(gpu: Gpu, spec: MixtureSpec): boolean {
  return canBroadcast(gpu) && spec.dim > REGISTER_DIM && !conditionsOf(spec).per_dimension;
}

/**
 * The kernel of one invocation a trajectory, or of a team of them, or its vector-Jacobian product, and the numbers of a row
 * of means.
 */
export function untiledKernel(
  spec: MixtureSpec,
  kernel: 'small' | 'registers',
  { suffix = '', team = 1 }: { suffix?: '' | '_vjp' | '_divergence'; team?: Team } = {},
): { name: ShaderName; variant: ShaderVariant; row: number } {
  const { dim } = spec;
  const own = conditionsOf(spec);
  if (kernel === 'small') {
    const { conditions, constants } = stateVariant(dim);
    const variant = { conditions: { ...own, ...conditions }, constants };
    return { name: `field/mixture_small${suffix}`, variant, row: dim <= 2 ? 2 : 4 };
  }
  // A kernel of registers takes any dimension.
  const parts = partsOf(dim, team);
  return {
    name: `field/mixture${suffix}`,
    variant: {
      conditions: { ...own, team: team > 1 },
      constants: { DIM: dim, PARTS: parts, ...(team > 1 && { TEAM: team }) },
    },
    row: 4 * parts * team,
  };
}

/** The variant of a mixture's kernels. */
export function conditionsOf({ stds, weights }: MixtureSpec): Record<string, boolean> {
  return {
    shared_variance: stds.length === 1,
    per_component: stds.length === weights.length && stds.length > 1,
    per_dimension: stds.length !== 1 && stds.length !== weights.length,
    weighted: weights.some((weight) => weight !== weights[0]),
  };
}

/**
 * @param row numbers from one component to the next
 * @param trajectories of a workgroup
 */
function prepareUntiled(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: Kernel,
  row: number,
  trajectories?: number,
): PreparedField {
  const data = uploadComponents(gpu, spec, 0, spec.weights.length, row);
  return {
    ...operationOf(kernel),
    bind: (batch) => boundKernel(kernel, { ...shared(batch), ...data }, trajectories),
  };
}

/** The variant of the kernels whose workgroups take four trajectories, and the numbers of a row of means. */
export function wideVariant(
  spec: MixtureSpec,
  kernel: 'few' | 'tiled',
): { variant: Required<Pick<ShaderVariant, 'conditions' | 'constants'>>; row: number } {
  const row = Math.ceil(spec.dim / 4) * 4;
  const components = spec.weights.length;
  const own: Record<string, number> =
    kernel === 'few' ? { CHUNK: evenSpan(components, CHUNK), MOST: FEW } : { STAGE: Math.min(STAGE, row) };
  return {
    variant: {
      conditions: { ...conditionsOf(spec), few: kernel === 'few', aligned: spec.dim % 4 === 0 },
      constants: { DIM: spec.dim, ...own },
    },
    row,
  };
}

async function prepareFew(gpu: Gpu, spec: MixtureSpec): Promise<PreparedField> {
  const { variant, row } = wideVariant(spec, 'few');
  const kernel = await gpu.kernel('field/mixture_few', variant);
  const data = uploadComponents(gpu, spec, 0, spec.weights.length, row);
  return {
    ...operationOf(kernel),
    bind: (batch) => boundKernel(kernel, { ...shared(batch), ...data }, WIDE_BATCH),
  };
}

async function prepareTiled(gpu: Gpu, spec: MixtureSpec): Promise<PreparedField> {
  const { variant, row } = wideVariant(spec, 'tiled');
  const kernel = await gpu.kernel('field/mixture_tiled', variant);
  return prepareSharded(gpu, spec, kernel, { row, trajectories: WIDE_BATCH, carryBytes: 8 });
}

async function prepareLanes(gpu: Gpu, spec: MixtureSpec): Promise<PreparedField> {
  const row = Math.ceil(spec.dim / 4) * 4;
  const kernel = await gpu.kernel('field/mixture_lanes', {
    conditions: conditionsOf(spec),
    constants: { DIM: spec.dim, SPAN: evenSpan(row / 4, SPAN) },
  });
  return prepareSharded(gpu, spec, kernel, { row, trajectories: LANES_BATCH, carryBytes: 16 });
}

/** As many at a time, of at most so many, as leave none of a last span idle. */
export function evenSpan(count: number, most: number): number {
  return Math.ceil(count / Math.ceil(count / most));
}

/**
 * A kernel that streams components, shard by shard.
 * @param form numbers from one component to the next, trajectories of a workgroup, and bytes of a trajectory's running sums
 */
function prepareSharded(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: Kernel,
  { row, trajectories, carryBytes }: { row: number; trajectories: number; carryBytes: number },
): PreparedField {
  const shards = shardsOf(gpu, spec, row).map(([first, last]) => {
    const flags = kernel.layout.pack('shard', {
      first: first === 0 ? 1 : 0,
      last: last === spec.weights.length ? 1 : 0,
    });
    return {
      ...uploadComponents(gpu, spec, first, last, row),
      shard: gpu.buffer('shard', GPUBufferUsage.UNIFORM, flags),
    };
  });
  return {
    ...operationOf(kernel),
    boundBytes: (capacity) => carryBytes * capacity,
    bind(batch): BoundField {
      const carry = gpu.buffer('running sums', GPUBufferUsage.STORAGE, carryBytes * batch.capacity);
      const groups = shards.map((shard) => kernel.bind({ ...shared(batch), ...shard, carry }));
      return {
        encode(pass, offset, count) {
          pass.setPipeline(kernel.pipeline);
          for (const group of groups) {
            pass.setBindGroup(0, group, [offset]);
            pass.dispatchWorkgroups(...folded(Math.ceil(count / trajectories)));
          }
        },
        destroy: () => carry.destroy(),
      };
    },
  };
}

/** Components [first, last) by shards, each of which fits a binding with `row` numbers a component. */
export function shardsOf(gpu: Gpu, { weights }: MixtureSpec, row: number): [first: number, last: number][] {
  const most = Math.floor(gpu.limits.maxStorageBufferBindingSize / (row * 4));
  return Array.from({ length: Math.ceil(weights.length / most) }, (_, shard) => [
    shard * most,
    Math.min(weights.length, (shard + 1) * most),
  ]);
}

/** Components [first, last) of a mixture in float32, rows padded with zeros to `row` numbers. */
export function uploadComponents(
  gpu: Gpu,
  spec: MixtureSpec,
  first: number,
  last: number,
  row: number,
): Record<string, GPUBuffer> {
  const { dim, means, stds } = spec;
  const components = spec.weights.length;
  const variances = stds.map((std) => std * std);
  const part =
    stds.length === 1
      ? Float32Array.from(variances)
      : stds.length === components
        ? Float32Array.from(variances.subarray(first, last))
        : padded(variances, dim, first, last, row);
  const logWeights = normalizedWeights(spec).map(Math.log);
  return {
    means: gpu.buffer('means', GPUBufferUsage.STORAGE, padded(means, dim, first, last, row)),
    log_weights: gpu.buffer(
      'log weights',
      GPUBufferUsage.STORAGE,
      Float32Array.from(logWeights.subarray(first, last)),
    ),
    variances: gpu.buffer('variances', GPUBufferUsage.STORAGE, part),
  };
}

function padded(values: Float64Array, dim: number, first: number, last: number, row: number): Float32Array {
  const rows = new Float32Array((last - first) * row);
  for (let k = first; k < last; k++) {
    for (let d = 0; d < dim; d++) rows[(k - first) * row + d] = values[k * dim + d];
  }
  return rows;
}
