import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Plan, Scalar, Slot } from '../solver/plan.js';
import { nfeOf, stepsOf } from '../solver/plan.js';
import { notFinite } from './not-finite.js';

export interface ReferenceOptions {
  /** x at the first time, [batch, dim]. */
  latents: ArrayLike<number>;
  /** Per-trajectory times and coefficients, [columns, batch]. */
  columns?: ArrayLike<number>;
  /** Slots to return besides the result. */
  keep?: Iterable<Slot>;
}

export interface ReferenceSolution {
  /** The state at the last time, [batch, dim]. */
  samples: Float64Array;
  /** The slots that were asked for. */
  kept: Map<Slot, Float64Array>;
  /** Field evaluations really made, per trajectory. */
  evaluations: number;
}

/**
 * Runs a plan in float64 on the CPU: the truth that every other executor is compared with.
 * @throws FewstepError bad-field where the field has no float64 form, not-finite naming the first step
 */
export function solveReference(field: Field, plan: Plan, options: ReferenceOptions): ReferenceSolution {
  const { denoise, dim } = field;
  if (!denoise) {
    throw new FewstepError(
      'bad-field',
      `a ${field.kind} field has no float64 form`,
      'use the stepwise executor',
    );
  }
  const batch = options.latents.length / dim;
  const columns = options.columns ?? [];
  const scalar = (value: Scalar, trajectory: number) =>
    typeof value === 'number'
      ? value
      : value.offset + value.scale * columns[value.column * batch + trajectory];

  const slots: Float64Array[] = [Float64Array.from(options.latents)];
  const steps = stepsOf(plan);
  let calls = 0;
  for (const [i, operation] of plan.operations.entries()) {
    const out = new Float64Array(batch * dim);
    slots[operation.out] = out;
    for (let row = 0; row < batch; row++) {
      const [from, to] = [row * dim, (row + 1) * dim];
      switch (operation.kind) {
        case 'evaluate': {
          const x = slots[operation.state].subarray(from, to);
          const denoised = out.subarray(from, to);
          denoise(x, scalar(operation.time, row), denoised);
          calls++;
          if (operation.output === 'velocity') {
            const divisor = scalar(operation.divisor, row);
            for (let d = 0; d < dim; d++) denoised[d] = (x[d] - denoised[d]) / divisor;
          }
          break;
        }
        case 'combine':
          for (const { coefficient, slot } of operation.terms) {
            const c = scalar(coefficient, row);
            for (let d = from; d < to; d++) out[d] += c * slots[slot][d];
          }
          break;
        case 'euler-at': {
          const span = scalar(operation.at, row) - scalar(operation.start, row);
          const h = scalar(operation.scale, row) * span;
          for (let d = from; d < to; d++)
            out[d] = slots[operation.state][d] + h * slots[operation.velocity][d];
          break;
        }
      }
    }
    const broken = countBroken(out, dim);
    if (broken > 0) throw notFinite(steps[i], broken, batch);
  }
  return {
    samples: slots[plan.states[plan.states.length - 1]],
    kept: new Map([...(options.keep ?? [])].map((slot) => [slot, slots[slot]])),
    evaluations: batch === 0 ? nfeOf(plan) : calls / batch,
  };
}

function countBroken(values: Float64Array, dim: number): number {
  const rows = new Set<number>();
  for (const [i, value] of values.entries()) if (!Number.isFinite(value)) rows.add(Math.floor(i / dim));
  return rows.size;
}
