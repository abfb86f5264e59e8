import { FewstepError } from '../errors.js';
import type { StructValue } from '../gpu/layout.js';
import type { ShaderName } from '../gpu/shaders.js';
import { type Combine, type EulerAt, MAX_TERMS, type Scalar, type Slot } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';

/** The update kernels; an operation takes the most specific one that fits. */
export const UPDATE_KERNELS = ['update/euler', 'update/heun', 'update/euler_at', 'update/combine'] as const;
/** Those of runs whose trajectories repeat. */
export const REPEATED_KERNELS = ['repeated/euler_at', 'repeated/combine'] as const;
/** Vec4 that an invocation of these takes, where a period can be divided so; on hardware lanes read one beside the other. */
export const REPEATED_QUADS = { software: 4, hardware: 1 };
export type UpdateKernel = (typeof UPDATE_KERNELS | typeof REPEATED_KERNELS)[number] & ShaderName;

/** Where some trajectories have no rows in some slots: after how many vec4 they repeat, and how many a slot has. */
export interface UpdateRepeats {
  period: number;
  /** Sets of columns, one a period. */
  variants: number;
  rowsOf(slot: Slot): number;
}

/**
 * Which kernel does an update, and the uniform it needs, without what is common to all.
 * @param repeats of a run whose trajectories repeat
 */
export function updateKernel(
  operation: Combine | EulerAt,
  start: (slot: Slot) => number,
  repeats?: UpdateRepeats,
): { kernel: UpdateKernel; uniform: StructValue } {
  const output = start(operation.out);
  const repeated = repeats && { period: repeats.period, variants: repeats.variants };
  if (operation.kind === 'euler-at') {
    return {
      kernel: repeats ? 'repeated/euler_at' : 'update/euler_at',
      uniform: {
        state: start(operation.state),
        velocity: start(operation.velocity),
        output,
        ...repeated,
        ...(repeats && {
          state_rows: repeats.rowsOf(operation.state),
          velocity_rows: repeats.rowsOf(operation.velocity),
        }),
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
  if (repeats) {
    return {
      kernel: 'repeated/combine',
      uniform: {
        output,
        terms: operation.terms.length,
        ...repeated,
        term: operation.terms.map(({ coefficient, slot }) => ({
          coefficient: scalarStruct(coefficient),
          slot: start(slot),
          rows: repeats.rowsOf(slot),
        })),
      },
    };
  }
  const [state, first, second] = operation.terms;
  if (state?.coefficient === 1 && operation.terms.length === 2) {
    return {
      kernel: 'update/euler',
      uniform: {
        state: start(state.slot),
        velocity: start(first.slot),
        output,
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
      term: operation.terms.map(({ coefficient, slot }) => ({
        coefficient: scalarStruct(coefficient),
        slot: start(slot),
      })),
    },
  };
}

function sameScalar(a: Scalar, b: Scalar): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.column === b.column && a.scale === b.scale && a.offset === b.offset;
}
