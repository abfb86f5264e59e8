import { type ReferenceOptions, solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import { random } from '../../src/problem/random.js';
import type { Plan } from '../../src/solver/plan.js';

/** Relative rounding of float32. */
export const EPSILON = 2 ** -24;

/**
 * What float32 may do to each trajectory: float64 runs whose every evaluation is disturbed at random by as much
 * as float32 rounds. An evaluation sums `dim` squares into its logits and a few terms of the size of x into D,
 * and an update adds numbers of the size of x.
 * @param roundings of an evaluation and the updates with it, in units of 1 + |x|
 */
export function roundingErrors(
  field: Field,
  plan: Plan,
  options: ReferenceOptions,
  exact: Float64Array,
  seed: number,
  roundings = 8 + field.dim,
): number[] {
  const { dim } = field;
  const errors = new Array<number>(exact.length / dim).fill(0);
  for (let run = 0; run < 4; run++) {
    const source = random(seed, run + 1);
    const disturbed: Field = {
      ...field,
      denoise(state, sigma, out) {
        field.denoise!(state, sigma, out);
        for (let d = 0; d < dim; d++) {
          out[d] += EPSILON * roundings * (1 + Math.abs(state[d])) * source.between(-1, 1);
        }
      },
    };
    const { samples } = solveReference(disturbed, plan, options);
    for (const [i, value] of samples.entries()) {
      const row = Math.floor(i / dim);
      errors[row] = Math.max(errors[row], Math.abs(value - exact[i]));
    }
  }
  return errors;
}

/** The error of the GPU in units of what rounding explains; the largest over the batch. */
export function excess(
  samples: Float32Array,
  exact: Float64Array,
  errors: readonly number[],
  dim: number,
): number {
  // Trajectories that happened to be disturbed little count with the typical error of the batch.
  const typical = errors.toSorted((a, b) => a - b)[Math.floor(errors.length / 2)];
  return exact.reduce((worst, value, i) => {
    const allowed = errors[Math.floor(i / dim)] + typical + EPSILON * Math.abs(value);
    return Math.max(worst, Math.abs(samples[i] - value) / allowed);
  }, 0);
}
