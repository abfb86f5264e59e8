import { FewstepError } from '../errors.js';
import type { Field } from '../field/field.js';
import type { Plan, Scalar, Slot } from '../solver/plan.js';
import { conditionsOf } from './conditions.js';
import { solveReference } from './reference.js';

export interface AdjointReferenceOptions {
  /** x at the first time, [batch, dim]. */
  latents: ArrayLike<number>;
  /** Per-trajectory times and coefficients, [columns, batch]. */
  columns?: ArrayLike<number>;
  /** The condition of each trajectory, [batch], of a field that has some; by default in turn. */
  conditions?: ArrayLike<number>;
  /** The gradient of a loss to the result, [batch, dim], given the result. */
  cotangent(samples: Float64Array): Float64Array;
}

export interface AdjointReferenceSolution {
  samples: Float64Array;
  /** The loss's gradient to each column, [columns, batch]. */
  columns: Float64Array;
  /** The loss's gradient to the latents, [batch, dim]. */
  latents: Float64Array;
}

/**
 * The gradient of a loss through a whole plan in float64, backwards operation by operation: the truth that the GPU's
 * adjoint is compared with.
 * @throws FewstepError bad-field where the field or its gradient has no float64 form, and as solveReference
 */
export function adjointReference(
  field: Field,
  plan: Plan,
  options: AdjointReferenceOptions,
): AdjointReferenceSolution {
  const { gradient, dim } = field;
  if (!gradient) {
    throw new FewstepError(
      'bad-field',
      `a ${field.kind} field has no gradient in float64`,
      'use the adjoint on the GPU, or give the field a gradient',
    );
  }
  const columns = options.columns ?? [];
  const all = Array.from({ length: plan.slots }, (_, slot) => slot);
  const { samples, kept: slots } = solveReference(field, plan, { ...options, keep: all });
  const batch = samples.length / dim;
  const conditions = conditionsOf(field, batch, options.conditions);
  const toColumns = new Float64Array(columns.length);
  const cotangents = all.map(() => new Float64Array(samples.length));
  cotangents[plan.states[plan.states.length - 1]].set(options.cotangent(samples));

  for (let row = 0; row < batch; row++) {
    const scalar = (value: Scalar) =>
      typeof value === 'number' ? value : value.offset + value.scale * columns[value.column * batch + row];
    const pull = (value: Scalar, slope: number) => {
      if (typeof value !== 'number') toColumns[value.column * batch + row] += value.scale * slope;
    };
    const rowOf = (slot: Slot, of: (slot: Slot) => Float64Array) =>
      of(slot).subarray(row * dim, (row + 1) * dim);
    const value = (slot: Slot) => rowOf(slot, (s) => slots.get(s)!);
    const bar = (slot: Slot) => rowOf(slot, (s) => cotangents[s]);
    for (const operation of plan.operations.toReversed()) {
      const given = bar(operation.out);
      switch (operation.kind) {
        case 'combine':
          for (const { coefficient, slot } of operation.terms) {
            pull(coefficient, dot(given, value(slot)));
            add(bar(slot), scalar(coefficient), given);
          }
          break;
        case 'euler-at': {
          const [at, start, scale] = [operation.at, operation.start, operation.scale].map(scalar);
          const along = dot(given, value(operation.velocity));
          pull(operation.at, scale * along);
          pull(operation.start, -scale * along);
          pull(operation.scale, (at - start) * along);
          add(bar(operation.velocity), scale * (at - start), given);
          add(bar(operation.state), 1, given);
          break;
        }
        case 'evaluate': {
          const velocity = operation.output === 'velocity';
          const divisor = velocity ? scalar(operation.divisor) : 1;
          // The velocity is (x - D) / divisor: D gets the cotangent over -divisor.
          const toDenoised = given.map((c) => (velocity ? -c / divisor : c));
          const toState = new Float64Array(dim);
          const told = scalar(operation.time);
          pull(
            operation.time,
            gradient(value(operation.state), told, toDenoised, toState, conditions?.[row]),
          );
          add(bar(operation.state), 1, toState);
          if (velocity) {
            add(bar(operation.state), -1, toDenoised);
            pull(operation.divisor, dot(toDenoised, value(operation.out)));
          }
          break;
        }
        case 'constant':
        case 'noise': // Refused from the start.
          break;
      }
    }
  }
  return { samples, columns: toColumns, latents: cotangents[0] };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, d) => sum + value * b[d], 0);
}

function add(sum: Float64Array, factor: number, values: Float64Array): void {
  for (let d = 0; d < sum.length; d++) sum[d] += factor * values[d];
}
