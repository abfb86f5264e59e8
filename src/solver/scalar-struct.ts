import type { StructValue } from '../gpu/layout.js';
import type { Scalar } from './plan.js';

/** A scalar as struct Scalar of shaders/batch/scalar.wgsl, times a factor. */
export function scalarStruct(scalar: Scalar, factor = 1): StructValue {
  return typeof scalar === 'number'
    ? { offset: scalar * factor, scale: 0, column: -1 }
    : { offset: scalar.offset * factor, scale: scalar.scale * factor, column: scalar.column };
}
