import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import {
  type FusedField,
  type FusedVariant,
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
  const { variant, row } = untiledKernel(spec, spec.dim > SMALL_DIM ? 'registers' : 'small');
  // Who asks a predictor needs a trajectory's state in one place.
  const teamOf = ({ asking }: FusedVariant) => (asking ? 1 : teamFor(gpu, spec.dim));
  return {
    group: (needed) => 64 / teamOf(needed),
    inMemory: false,
    costly: spec.means.length >= COSTLY || meetsPairs(gpu, spec),
    buffers: uploadComponents(gpu, spec, 0, spec.weights.length, row),
    kernel(needed) {
      const { conditions, constants } = planVariant(needed);
      const team = teamOf(needed);
      const state = stateVariant(spec.dim);
      const registers = registerVariant(needed.places, spec.dim);
      return gpu.kernel('fused/mixture', {
        conditions: {
          ...variant.conditions,
          ...state.conditions,
          ...registers.conditions,
          ...conditions,
          broadcast: canBroadcast(gpu),
          team: team > 1,
        },
        constants: {
          ...variant.constants,
          ...constants,
          ...registers.constants,
          ...(team > 1 && { TEAM: team, PARTS: Math.ceil(spec.dim / 4) / team }),
        },
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

/** Vec4 of a state that an invocation should hold at most: a plan has three states of it and more at once. */
const MOST_PARTS = 4;

/**
 * How many lanes of a subgroup share a trajectory of whole plans in registers. On an H100 a plain loop over `euler`'s steps in
 * 64-D took 0.056 ms by one lane, 0.049 by four (16,384 trajectories; docs/performance.md), and a plan has more states.
 * Teams rely on invocations following each other in subgroups as in their workgroup, which WGSL does not promise and
 * NVIDIA's GPUs do.
 */
function teamFor({ adapter, device, features }: Gpu, dim: number): 1 | 2 | 4 {
  const quads = Math.ceil(dim / 4);
  const ordered = adapter.vendor === 'nvidia' && !adapter.software;
  if (!ordered || !features.has('subgroups') || quads <= MOST_PARTS) return 1;
  const { subgroupMinSize = 0 } = device.adapterInfo;
  return ([4, 2] as const).find((team) => quads % team === 0 && team <= subgroupMinSize) ?? 1;
}
