import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import {
  type FusedField,
  planVariant,
  REGISTER_DIM,
  registerVariant,
  SMALL_DIM,
  stateVariant,
} from './fused.js';
import type { MixtureSpec } from './mixture.js';
import {
  FEW,
  fitsBinding,
  meetsPairs,
  untiledKernel,
  uploadComponents,
  WIDE_BATCH,
  wideVariant,
} from './prepared-mixture.js';
import { partsOf, teamFor } from './team.js';

/**
 * Numbers of all components from which on evaluations are all that a run takes: 640 gain by fusing, 115,008 do not. Where
 * stepwise evaluations meet components in pairs, which whole plans do not, they take half of the time with fewer already.
 */
const COSTLY = 2 ** 16;
/** Invocations of a workgroup of four trajectories that share a predictor of one, if its hidden layer has so many vec4. */
const SHARES = 64 / WIDE_BATCH;

/** Uploads a mixture for whole plans in one dispatch; undefined past one binding, where components come in shards. */
export async function prepareFusedMixture(gpu: Gpu, spec: MixtureSpec): Promise<FusedField | undefined> {
  if (!fitsBinding(gpu, spec)) return undefined;
  return spec.dim > REGISTER_DIM ? inMemory(gpu, spec) : inRegisters(gpu, spec);
}

/** A trajectory an invocation, or a team of lanes. */
function inRegisters(gpu: Gpu, spec: MixtureSpec): FusedField {
  const team = teamFor(gpu, spec.dim);
  const numbers = team === 1 ? spec.dim : 4 * partsOf(spec.dim, team);
  const { variant, row } = untiledKernel(spec, spec.dim > SMALL_DIM ? 'registers' : 'small', { team });
  return {
    group: () => 64 / team,
    inMemory: false,
    numbers,
    costly: spec.means.length >= COSTLY || meetsPairs(gpu, spec),
    buffers: uploadComponents(gpu, spec, 0, spec.weights.length, row),
    kernel(needed) {
      const { conditions, constants } = planVariant(needed);
      const state = stateVariant(spec.dim, team);
      const registers = registerVariant(needed.places, numbers);
      return gpu.kernel('fused/mixture', {
        conditions: {
          ...variant.conditions,
          ...state.conditions,
          ...registers.conditions,
          ...conditions,
          broadcast: canBroadcast(gpu),
        },
        constants: { ...variant.constants, ...constants, ...registers.constants },
      });
    },
  };
}

/** Four trajectories a workgroup. */
function inMemory(gpu: Gpu, spec: MixtureSpec): FusedField {
  const { variant, row } = wideVariant(spec, spec.weights.length <= FEW ? 'few' : 'tiled');
  return {
    group: () => WIDE_BATCH,
    inMemory: true,
    numbers: 0,
    // Of stepwise's time few components take 1.02 to 1.32 on lavapipe, 0.34 to 0.57 on SwiftShader; many 1 and 0.93.
    costly: canBroadcast(gpu),
    buffers: uploadComponents(gpu, spec, 0, spec.weights.length, row),
    kernel(needed) {
      const { conditions, constants } = planVariant(needed);
      const shares = Math.min(SHARES, needed.asking?.hiddenQuads ?? SHARES);
      return gpu.kernel('fused/mixture_wide', {
        conditions: { ...variant.conditions, ...conditions, wide: true, shared_asking: true },
        constants: { ...variant.constants, ...constants, SHARES: shares },
      });
    },
  };
}
