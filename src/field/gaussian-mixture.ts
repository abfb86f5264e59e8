import { checkEntries, shown } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Scaling } from '../io/scaling.js';
import type { Field } from './field.js';
import { prepareFusedMixture } from './fused-mixture.js';
import type { MixtureSpec } from './mixture.js';
import { denoiseMixture } from './mixture-denoise.js';
import { mixtureDivergence } from './mixture-divergence.js';
import { mixtureGradient } from './mixture-gradient.js';
import { prepareMixture } from './prepared-mixture.js';
import { prepareMixtureDivergence } from './prepared-mixture-divergence.js';
import { prepareMixtureGradient } from './prepared-mixture-gradient.js';

/** How a user writes a mixture; JSON has the same shape. */
export interface MixtureInput {
  /** [K], positive, in any units. */
  weights: ArrayLike<number>;
  /** K rows of D. */
  means: ArrayLike<ArrayLike<number>>;
  /** [K], or K rows of D: standard deviations of the components, per dimension in the second case. */
  stds: ArrayLike<number> | ArrayLike<ArrayLike<number>>;
}

/** @throws FewstepError bad-field, naming the entry that is wrong */
export function mixtureSpec({ weights, means, stds }: MixtureInput): MixtureSpec {
  const components = weights.length;
  if (components === 0)
    throw bad('a mixture needs at least one component', 'list its weights, means and stds');
  if (means.length !== components) {
    throw bad(`there are ${components} weights but ${means.length} means`, 'give one mean per weight');
  }
  if (stds.length !== components) {
    throw bad(
      `there are ${components} weights but ${stds.length} stds`,
      'give one std (a number, or one per dimension) per weight',
    );
  }
  const dim = means[0]?.length;
  if (dim === undefined) throw bad(`means[0] is ${shown(means[0])}`, 'give each mean as a list of D numbers');
  if (!(dim >= 1)) throw bad('means[0] is empty', 'give each mean as a list of D numbers');
  const rows = Array.from(stds as ArrayLike<number | ArrayLike<number>>);
  const diagonal = rows.some((row) => typeof row !== 'number');
  for (let k = 0; k < components; k++) {
    if (!(weights[k] > 0 && Number.isFinite(weights[k]))) {
      throw bad(
        `weights[${k}] is ${weights[k]}`,
        'weights are positive numbers; leave out a component of weight 0',
      );
    }
    if (means[k]?.length !== dim)
      throw bad(
        `means[${k}] has ${means[k]?.length ?? 'no'} numbers, means[0] has ${dim}`,
        'give every mean the same length',
      );
    const row = rows[k];
    if (diagonal && (typeof row === 'number' || row.length !== dim)) {
      throw bad(
        `stds[${k}] is not a list of ${dim} numbers`,
        'give all stds as numbers, or all as lists of one per dimension',
      );
    }
  }
  const spec: MixtureSpec = {
    kind: 'gaussian-mixture',
    dim,
    weights: Float64Array.from(weights),
    means: flatten(means, 'means'),
    stds: diagonal ? flatten(rows as ArrayLike<number>[], 'stds') : flatten([rows as number[]], 'stds'),
  };
  const negative = spec.stds.findIndex((std) => std < 0);
  if (negative >= 0)
    throw bad(`a standard deviation is ${spec.stds[negative]}`, 'standard deviations are 0 or more');
  return spec;
}

/**
 * The exact field of a Gaussian mixture: D(x, sigma) = sum_k w_k(x) (s_k^2 x + sigma^2 mu_k) / (s_k^2 + sigma^2),
 * with the posterior weights w_k(x) of the mixture under noise.
 * @param input as one writes it, or a `MixtureSpec`, whose arrays are taken as they are
 * @throws FewstepError bad-argument for an entry that is missing or not known; bad-field naming the entry that is
 *   wrong: of weights, means or stds another number than of the others, rows of different lengths, a weight that is not
 *   positive, a negative std, a number that is not finite; bad-shape for a `MixtureSpec` whose stds are not 1, K or K
 *   dim
 */
export function gaussianMixture(input: MixtureInput | MixtureSpec): Field {
  checkEntries<Record<'weights' | 'means' | 'stds', object> & { kind?: string; dim?: number }>(
    'the mixture',
    input,
    {
      weights: true,
      means: true,
      stds: true,
      kind: false,
      dim: false,
    },
  );
  const ready = 'dim' in input && input.means instanceof Float64Array;
  return mixtureField(
    'gaussian-mixture',
    ready ? (input as MixtureSpec) : mixtureSpec(input as MixtureInput),
  );
}

/** A mixture as a field; `empirical` is one with equal weights and widths. */
export function mixtureField(kind: string, spec: MixtureSpec, scaling?: Scaling): Field {
  return {
    kind,
    dim: spec.dim,
    denoise: denoiseMixture(spec),
    gradient: mixtureGradient(spec),
    divergence: mixtureDivergence(spec),
    scaling,
    mixture: spec,
    prepare: (gpu: Gpu) => prepareMixture(gpu, spec),
    prepareFused: (gpu: Gpu) => prepareFusedMixture(gpu, spec),
    prepareGradient: (gpu: Gpu) => prepareMixtureGradient(gpu, spec),
    prepareDivergence: (gpu: Gpu) => prepareMixtureDivergence(gpu, spec),
  };
}

function flatten(rows: ArrayLike<ArrayLike<number>>, name: string): Float64Array {
  const width = rows[0].length;
  const flat = new Float64Array(rows.length * width);
  for (let k = 0; k < rows.length; k++) {
    for (let d = 0; d < width; d++) {
      const value = rows[k][d];
      if (!Number.isFinite(value)) throw bad(`${name} holds ${value} at [${k}][${d}]`, 'give finite numbers');
      flat[k * width + d] = value;
    }
  }
  return flat;
}

function bad(message: string, remedy: string): FewstepError {
  return new FewstepError('bad-field', message, remedy);
}
