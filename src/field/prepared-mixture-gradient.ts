import { FewstepError } from '../errors.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { PreparedGradient } from './field.js';
import type { MixtureSpec } from './mixture.js';
import { operationOf, shared } from './operation.js';
import { REGISTER_DIM, SMALL_DIM, untiledKernel, uploadComponents } from './prepared-mixture.js';

/**
 * Uploads a mixture and compiles its vector-Jacobian product for one device.
 * @throws FewstepError bad-field for more dimensions than registers hold, or data past one binding
 */
export async function prepareMixtureGradient(gpu: Gpu, spec: MixtureSpec): Promise<PreparedGradient> {
  const { dim, weights } = spec;
  const { name, variant, row } = untiledKernel(spec, dim <= SMALL_DIM ? 'small' : 'registers', '_vjp');
  const bytes = weights.length * row * 4;
  if (dim > REGISTER_DIM || bytes > gpu.limits.maxStorageBufferBindingSize) {
    throw new FewstepError(
      'bad-field',
      `no gradient of ${weights.length} components in ${dim} dimensions on ${gpu.adapter.name}`,
      `gradients take up to ${REGISTER_DIM} dimensions and ${gpu.limits.maxStorageBufferBindingSize} bytes of data: ` +
        'use fewer rows or features, or train a network on the data and use its field',
    );
  }
  const kernel = await gpu.kernel(name, variant);
  const data = uploadComponents(gpu, spec, 0, weights.length, row);
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
