import { checkEntries, checkText } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import type { DenoiseGradient, Field } from './field.js';
import { type FusedField, planVariant, REGISTER_DIM, registerVariant, stateVariant } from './fused.js';
import { boundKernel, operationOf, shared } from './operation.js';
import { prepareCustomGradient } from './prepared-custom-gradient.js';
import { type UserDenoise, userDenoise } from './user-denoise.js';

/**
 * A user's own field, as WGSL: `fn denoise(x: array<f32, D>, sigma: f32) -> array<f32, D>` gives D(x, sigma).
 * The source may hold more functions, constants and structs; compile errors name its own lines.
 *
 * `fn denoise_vjp(x: array<f32, D>, sigma: f32, cotangent: array<f32, D>) -> array<f32, D + 1>`, where the source has
 * it, is the gradient of cotangent . D: D numbers to x, then one to sigma. Without it, who needs gradients gets
 * central differences with steps of sigma / 32, which cost 2 D + 4 evaluations. Relative to the gradient they err by
 * about 2e-4 where D varies over lengths of sigma, more where it is steeper, and by 2e-6 |D| / sigma of rounding.
 * @param options dim, the D of the arrays, and the WGSL; `denoise`, D in float64 for the reference executor, and
 *   `gradient`, its gradient in float64, are optional
 * @throws FewstepError bad-argument for other entries; bad-field for a dimension that is no whole number from 1 on,
 *   or WGSL without a `fn denoise`. What does not compile is refused when a device first needs it: shader-compilation
 *   naming the line
 */
export function customField(options: {
  dim: number;
  wgsl: string;
  denoise?: UserDenoise;
  gradient?: DenoiseGradient;
}): Field {
  checkEntries<typeof options>("customField's options", options, {
    dim: true,
    wgsl: true,
    denoise: false,
    gradient: false,
  });
  checkText('the WGSL of a custom field', options.wgsl, 'give the source with fn denoise as a text');
  const { dim, wgsl, denoise, gradient } = options;
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
    denoise: denoise && userDenoise(denoise, dim),
    gradient,
    ...(dim <= REGISTER_DIM && { prepareFused: (gpu: Gpu) => prepareFusedCustom(gpu, dim, wgsl) }),
    prepareGradient: (gpu) => prepareCustomGradient(gpu, dim, wgsl),
    async prepare(gpu) {
      const kernel = await gpu.kernel('field/custom', { constants: { DIM: dim }, modules: { user: wgsl } });
      return {
        ...operationOf(kernel),
        bind: (batch) => boundKernel(kernel, shared(batch)),
      };
    },
  };
}

async function prepareFusedCustom(gpu: Gpu, dim: number, wgsl: string): Promise<FusedField> {
  const state = stateVariant(dim);
  return {
    group: () => 64,
    inMemory: false,
    numbers: dim,
    costly: false,
    buffers: {},
    kernel(needed) {
      const { conditions, constants } = planVariant(needed);
      const registers = registerVariant(needed.places, dim);
      return gpu.kernel('fused/custom', {
        conditions: {
          ...state.conditions,
          ...registers.conditions,
          ...conditions,
          // The predictor's lanes tell each other its weights; the field itself has nothing to tell.
          broadcast: needed.asking !== undefined && canBroadcast(gpu),
        },
        constants: { ...state.constants, ...registers.constants, ...constants },
        modules: { user: wgsl },
      });
    },
  };
}
