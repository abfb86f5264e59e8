import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { PreparedGradient } from './field.js';
import type { MixtureSpec } from './mixture.js';
import { boundKernel, operationOf, shared } from './operation.js';
import {
  goesByLanes,
  type MixtureKernel,
  meetsPairs,
  mixtureKernelFor,
  untiledKernel,
  uploadComponents,
} from './prepared-mixture.js';
import { prepareTiledGradient } from './prepared-tiled-gradient.js';
import { teamFor } from './team.js';

/** Trajectories of a workgroup that meets components in pairs. */
const PAIRS_GROUP = 16;

/**
 * Uploads a mixture and compiles its vector-Jacobian product for one device; which kernel depends on its size, unless
 * it is given.
 */
export async function prepareMixtureGradient(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: MixtureKernel | 'lanes' = goesByLanes(gpu, spec) ? 'lanes' : mixtureKernelFor(gpu, spec),
): Promise<PreparedGradient> {
  // Few components have no kernel of their own here.
  if (kernel === 'tiled' || kernel === 'few') return prepareTiledGradient(gpu, spec);
  if (kernel === 'lanes') return prepareTiledGradient(gpu, spec, true);
  return prepareUntiled(gpu, spec, kernel);
}

/** One invocation a trajectory, or a team of them. */
async function prepareUntiled(
  gpu: Gpu,
  spec: MixtureSpec,
  chosen: 'small' | 'registers',
): Promise<PreparedGradient> {
  const team = teamFor(gpu, spec.dim);
  const { name, variant, row } = untiledKernel(spec, chosen, { suffix: '_vjp', team });
  if (chosen === 'registers' && meetsPairs(gpu, spec)) {
    const conditions = { ...variant.conditions, broadcast: true };
    const kernel = await gpu.kernel('field/mixture_pairs_vjp', { ...variant, conditions });
    return bindable(gpu, spec, kernel, row, PAIRS_GROUP);
  }
  return bindable(gpu, spec, await gpu.kernel(name, variant), row, 64 / team);
}

/** @param trajectories of a workgroup */
function bindable(
  gpu: Gpu,
  spec: MixtureSpec,
  kernel: Kernel,
  row: number,
  trajectories?: number,
): PreparedGradient {
  const data = uploadComponents(gpu, spec, 0, spec.weights.length, row);
  return {
    ...operationOf(kernel),
    bind: (batch) =>
      boundKernel(kernel, { ...shared(batch), ...data, sigma_gradient: batch.sigmaGradient }, trajectories),
  };
}
