import type { Gpu } from '../gpu/gpu.js';
import type { PreparedGradient } from './field.js';
import { boundKernel, operationOf, shared } from './operation.js';

/** Compiles the vector-Jacobian product of a user's field: the user's own, or central differences of its D. */
export async function prepareCustomGradient(gpu: Gpu, dim: number, wgsl: string): Promise<PreparedGradient> {
  const kernel = await gpu.kernel('field/custom_vjp', {
    conditions: { own_gradient: /\bfn\s+denoise_vjp\s*\(/.test(wgsl) },
    constants: { DIM: dim },
    modules: { user: wgsl },
  });
  return {
    ...operationOf(kernel),
    bind: (batch) => boundKernel(kernel, { ...shared(batch), sigma_gradient: batch.sigmaGradient }),
  };
}
