import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { BoundField, PreparedDivergence } from './field.js';
import type { MixtureSpec } from './mixture.js';
import { boundKernel, operationOf, shared } from './operation.js';
import {
  type MixtureKernel,
  mixtureKernelFor,
  shardsOf,
  untiledKernel,
  uploadComponents,
  WIDE_BATCH,
  wideVariant,
} from './prepared-mixture.js';
import { teamFor } from './team.js';

/**
 * Uploads a mixture and compiles its drift and divergence for one device; which kernel depends on its size, unless it
 * is given.
 */
export async function prepareMixtureDivergence(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: MixtureKernel = mixtureKernelFor(gpu, spec),
): Promise<PreparedDivergence> {
  // Few components have no kernel of their own here.
  return kernel === 'tiled' || kernel === 'few' ? prepareTiled(gpu, spec) : prepareUntiled(gpu, spec, kernel);
}

/** One invocation a trajectory, or a team of them. */
async function prepareUntiled(
  gpu: Gpu,
  spec: MixtureSpec,
  chosen: 'small' | 'registers',
): Promise<PreparedDivergence> {
  const team = teamFor(gpu, spec.dim);
  const { name, variant, row } = untiledKernel(spec, chosen, { suffix: '_divergence', team });
  const kernel = await gpu.kernel(name, variant);
  const data = uploadComponents(gpu, spec, 0, spec.weights.length, row);
  return {
    ...operationOf(kernel),
    bind: (batch) =>
      boundKernel(kernel, { ...shared(batch), ...data, divergences: batch.divergences }, 64 / team),
  };
}

/** Four trajectories a workgroup, shard by shard. */
async function prepareTiled(gpu: Gpu, spec: MixtureSpec): Promise<PreparedDivergence> {
  const { variant, row } = wideVariant(spec, 'tiled');
  const kernel = await gpu.kernel('field/mixture_tiled_divergence', variant);
  const shards = shardsOf(gpu, spec, row).map(([first, last]) => {
    const ends = { first: first === 0 ? 1 : 0, last: last === spec.weights.length ? 1 : 0 };
    const shard = gpu.buffer('shard', GPUBufferUsage.UNIFORM, kernel.layout.pack('shard', ends));
    return { ...uploadComponents(gpu, spec, first, last, row), shard };
  });
  return {
    ...operationOf(kernel),
    bind(batch): BoundField {
      const carry = gpu.buffer('running sums', GPUBufferUsage.STORAGE, batch.capacity * 16);
      const common = { ...shared(batch), divergences: batch.divergences, carry };
      const groups = shards.map((shard) => kernel.bind({ ...common, ...shard }));
      return {
        encode(pass, offset, trajectories) {
          pass.setPipeline(kernel.pipeline);
          for (const group of groups) {
            pass.setBindGroup(0, group, [offset]);
            pass.dispatchWorkgroups(...folded(Math.ceil(trajectories / WIDE_BATCH)));
          }
        },
        destroy: () => carry.destroy(),
      };
    },
  };
}
