import type { Gpu } from '../gpu/gpu.js';
import type { PreparedGradient } from './field.js';
import type { MixtureSpec } from './mixture.js';
import { boundKernel, operationOf, shared } from './operation.js';
import { type MixtureKernel, mixtureKernelFor, untiledKernel, uploadComponents } from './prepared-mixture.js';
import { prepareTiledGradient } from './prepared-tiled-gradient.js';

/**
 * Uploads a mixture and compiles its vector-Jacobian product for one device; which kernel depends on its size, unless
 * it is given.
 */
export async function prepareMixtureGradient(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: MixtureKernel = mixtureKernelFor(gpu, spec),
): Promise<PreparedGradient> {
  // Few components have no kernel of their own here.
  if (kernel === 'tiled' || kernel === 'few') return prepareTiledGradient(gpu, spec);
  return prepareUntiled(gpu, spec, kernel);
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
    bind: (batch) => boundKernel(kernel, { ...shared(batch), ...data, sigma_gradient: batch.sigmaGradient }),
  };
}
