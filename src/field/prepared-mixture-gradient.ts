import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { PreparedGradient } from './field.js';
import { REGISTER_DIM, SMALL_DIM } from './fused.js';
import type { MixtureSpec } from './mixture.js';
import { operationOf, shared } from './operation.js';
import { type MixtureKernel, untiledKernel, uploadComponents } from './prepared-mixture.js';
import { prepareTiledGradient } from './prepared-tiled-gradient.js';

/**
 * Uploads a mixture and compiles its vector-Jacobian product for one device; which kernel depends on its size, unless
 * it is given.
 */
export async function prepareMixtureGradient(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel?: MixtureKernel,
): Promise<PreparedGradient> {
  const { dim, weights } = spec;
  const fits = weights.length * dim * 4 <= gpu.limits.maxStorageBufferBindingSize;
  const chosen = kernel ?? (dim > REGISTER_DIM || !fits ? 'tiled' : dim > SMALL_DIM ? 'registers' : 'small');
  if (chosen === 'tiled') return prepareTiledGradient(gpu, spec);
  return prepareUntiled(gpu, spec, chosen);
}

/** One invocation a trajectory. */
async function prepareUntiled(
  gpu: Gpu,
  spec: MixtureSpec,
  chosen: 'small' | 'registers',
): Promise<PreparedGradient> {
  const { name, variant, row } = untiledKernel(spec, chosen, '_vjp');
  const kernel = await gpu.kernel(name, variant);
  const data = uploadComponents(gpu, spec, 0, spec.weights.length, row);
  return {
    ...operationOf(kernel),
    bind(batch) {
      const group = kernel.bind({ ...shared(batch), ...data, sigma_gradient: batch.sigmaGradient });
      return {
        encode(pass, offset, trajectories) {
          pass.setPipeline(kernel.pipeline);
          pass.setBindGroup(0, group, [offset]);
          pass.dispatchWorkgroups(...folded(Math.ceil(trajectories / 64)));
        },
        destroy() {},
      };
    },
  };
}
