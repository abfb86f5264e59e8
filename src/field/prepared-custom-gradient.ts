import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { PreparedGradient } from './field.js';
import { operationOf, shared } from './operation.js';

/** Compiles the vector-Jacobian product of a user's field: the user's own, or central differences of its D. */
export async function prepareCustomGradient(gpu: Gpu, dim: number, wgsl: string): Promise<PreparedGradient> {
  const kernel = await gpu.kernel('field/custom_vjp', {
    conditions: { own_gradient: /\bfn\s+denoise_vjp\s*\(/.test(wgsl) },
    constants: { DIM: dim },
    modules: { user: wgsl },
  });
  return {
    ...operationOf(kernel),
    bind(batch) {
      const group = kernel.bind({ ...shared(batch), sigma_gradient: batch.sigmaGradient });
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
