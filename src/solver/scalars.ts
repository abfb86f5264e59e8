import type { Operation, Scalar } from './plan.js';

/** An operation with each of its times and coefficients replaced, in a fixed order. */
export function mapScalars(operation: Operation, replace: (scalar: Scalar) => Scalar): Operation {
  switch (operation.kind) {
    case 'evaluate':
      return { ...operation, time: replace(operation.time), divisor: replace(operation.divisor) };
    case 'combine':
      return {
        ...operation,
        terms: operation.terms.map(({ coefficient, slot }) => ({ coefficient: replace(coefficient), slot })),
      };
    case 'euler-at':
      return {
        ...operation,
        start: replace(operation.start),
        at: replace(operation.at),
        scale: replace(operation.scale),
      };
    case 'constant':
    case 'noise':
      return operation;
  }
}

/** The times and coefficients of some operations, in the order of `mapScalars`. */
export function scalarsOf(operations: readonly Operation[]): Scalar[] {
  const scalars: Scalar[] = [];
  for (const operation of operations) {
    switch (operation.kind) {
      case 'evaluate':
        scalars.push(operation.time, operation.divisor);
        break;
      case 'combine':
        for (const { coefficient } of operation.terms) scalars.push(coefficient);
        break;
      case 'euler-at':
        scalars.push(operation.start, operation.at, operation.scale);
        break;
      case 'constant':
      case 'noise':
        break;
    }
  }
  return scalars;
}
