import { type ReferenceOptions, solveReference } from '../../src/execute/reference.js';
import type { Field } from '../../src/field/field.js';
import { type Random, random } from '../../src/rng/random.js';
import type { Plan, Slot } from '../../src/solver/plan.js';

/** Relative rounding of float32. */
export const EPSILON = 2 ** -24;

/** A field whose float64 form errs at random by as much as float32 rounds; see `roundingErrors` for `roundings`. */
export function disturbedField(field: Field, source: Random, roundings = 8 + field.dim): Field {
  const off = (size: number) => EPSILON * roundings * (1 + size) * source.between(-1, 1);
  return {
    ...field,
    denoise(state, sigma, out, condition) {
      field.denoise!(state, sigma, out, condition);
      for (let d = 0; d < field.dim; d++) out[d] += off(Math.abs(state[d]));
    },
    // A product sums as many terms of the cotangent's size, with slopes of D, which are below some units.
    gradient(state, sigma, cotangent, out, condition) {
      const toSigma = field.gradient!(state, sigma, cotangent, out, condition);
      const size = Math.hypot(...cotangent);
      for (let d = 0; d < field.dim; d++) out[d] += size * off(0);
      return toSigma + size * off(0);
    },
  };
}

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
  const last = plan.states[plan.states.length - 1];
  const kept = new Map([[last, exact]]);
  return keptRoundingErrors(field, plan, { ...options, keep: [last] }, kept, seed, roundings).get(last)!;
}

/** The same for each slot that is kept. */
export function keptRoundingErrors(
  field: Field,
  plan: Plan,
  options: ReferenceOptions,
  exact: ReadonlyMap<Slot, Float64Array>,
  seed: number,
  roundings = 8 + field.dim,
): Map<Slot, number[]> {
  // An update rounds by itself, whatever its evaluations do: sums may cancel in some numbers, hardly in all.
  const largest = (values: Float64Array, row: number) =>
    Math.max(...values.subarray(row * field.dim, (row + 1) * field.dim).map(Math.abs));
  const errors = new Map(
    [...exact].map(([slot, values]) => [
      slot,
      Array.from({ length: values.length / field.dim }, (_, row) => EPSILON * largest(values, row)),
    ]),
  );
  for (let run = 0; run < 4; run++) {
    const disturbed = disturbedField(field, random(seed, run + 1), roundings);
    const { kept } = solveReference(disturbed, plan, options);
    for (const [slot, values] of exact) {
      const own = errors.get(slot)!;
      for (const [i, value] of kept.get(slot)!.entries()) {
        const row = Math.floor(i / field.dim);
        own[row] = Math.max(own[row], Math.abs(value - values[i]));
      }
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
