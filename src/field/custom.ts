import { FewstepError } from '../errors.js';
import { folded } from '../gpu/dispatch.js';
import type { Denoise, Field } from './field.js';
import { operationOf, shared } from './operation.js';

/**
 * A user's own field, as WGSL: `fn denoise(x: array<f32, D>, sigma: f32) -> array<f32, D>` gives D(x, sigma).
 * The source may hold more functions, constants and structs; compile errors name its own lines.
 * @param denoise the same in float64, for the reference executor
 */
export function customField(options: { dim: number; wgsl: string; denoise?: Denoise }): Field {
  const { dim, wgsl, denoise } = options;
  if (!Number.isInteger(dim) || dim < 1) {
    throw new FewstepError(
      'bad-field',
      `the dimension of a custom field is ${dim}`,
      'give a whole number from 1 on',
    );
  }
  if (!/\bfn\s+denoise\s*\(/.test(wgsl)) {
    throw new FewstepError(
      'bad-field',
      "the WGSL of a custom field has no function 'denoise'",
      `write fn denoise(x: array<f32, ${dim}>, sigma: f32) -> array<f32, ${dim}>`,
    );
  }
  return {
    kind: 'custom',
    dim,
    denoise,
    async prepare(gpu) {
      const kernel = await gpu.kernel('field/custom', { constants: { DIM: dim }, modules: { user: wgsl } });
      return {
        ...operationOf(kernel),
        bind(batch) {
          const group = kernel.bind(shared(batch));
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
    },
  };
}
