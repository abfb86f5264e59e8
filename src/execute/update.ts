import { FewstepError } from '../errors.js';
import type { StructValue } from '../gpu/layout.js';
import type { ShaderName } from '../gpu/shaders.js';
import { type Combine, type EulerAt, MAX_TERMS, type Scalar, type Slot } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';

/** The update kernels; an operation takes the most specific one that fits. */
export const UPDATE_KERNELS = ['update/euler', 'update/heun', 'update/euler_at', 'update/combine'] as const;
export type UpdateKernel = (typeof UPDATE_KERNELS)[number] & ShaderName;

/** Where some trajectories have no rows in some slots: after how many vec4 they repeat, and how many a slot has. */
export interface UpdateRepeats {
  period: number;
  rowsOf(slot: Slot): number;
}

/**
 * Which kernel does an update, and the uniform it needs, without what is common to all.
 * @param repeats for the kernels with the condition `repeated`
 */
export function updateKernel(
  operation: Combine | EulerAt,
  start: (slot: Slot) => number,
  repeats?: UpdateRepeats,
): { kernel: UpdateKernel; uniform: StructValue } {
  const output = start(operation.out);
  /** The rows of some slots, by the names that these have in the uniform. */
  const repeated = (slots: Record<string, Slot>) =>
    repeats && {
      period: repeats.period,
      ...Object.fromEntries(
        Object.entries(slots).map(([name, slot]) => [`${name}_rows`, repeats.rowsOf(slot)]),
      ),
    };
  if (operation.kind === 'euler-at') {
    return {
      kernel: 'update/euler_at',
      uniform: {
        state: start(operation.state),
        velocity: start(operation.velocity),
        output,
        ...repeated({ state: operation.state, velocity: operation.velocity }),
        at: scalarStruct(operation.at),
        start: scalarStruct(operation.start),
        scale: scalarStruct(operation.scale),
      },
    };
  }
  if (operation.terms.length > MAX_TERMS) {
    throw new FewstepError(
      'bad-argument',
      `a combination of ${operation.terms.length} terms; the kernel takes ${MAX_TERMS}`,
      'write it as several combinations',
    );
  }
  const [state, first, second] = operation.terms;
  if (state?.coefficient === 1 && operation.terms.length === 2) {
    return {
      kernel: 'update/euler',
      uniform: {
        state: start(state.slot),
        velocity: start(first.slot),
        output,
        ...repeated({ state: state.slot, velocity: first.slot }),
        dt: scalarStruct(first.coefficient, -1),
      },
    };
  }
  if (
    state?.coefficient === 1 &&
    operation.terms.length === 3 &&
    sameScalar(first.coefficient, second.coefficient)
  ) {
    return {
      kernel: 'update/heun',
      uniform: {
        state: start(state.slot),
        velocity: start(first.slot),
        predicted_velocity: start(second.slot),
        output,
        ...repeated({ state: state.slot, velocity: first.slot, predicted_velocity: second.slot }),
        dt: scalarStruct(first.coefficient, -2),
      },
    };
  }
  return {
    kernel: 'update/combine',
    uniform: {
      output,
      terms: operation.terms.length,
      columned: operation.terms.some(({ coefficient }) => typeof coefficient !== 'number') ? 1 : 0,
      ...repeated({}),
      term: operation.terms.map(({ coefficient, slot }) => ({
        coefficient: scalarStruct(coefficient),
        slot: start(slot),
        ...(repeats && { rows: repeats.rowsOf(slot) }),
      })),
    },
  };
}

function sameScalar(a: Scalar, b: Scalar): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.column === b.column && a.scale === b.scale && a.offset === b.offset;
}
