import { FewstepError } from '../errors.js';
import type { Samples } from './samples.js';

/**
 * Euclidean distance of each trajectory's endpoint from the exact one. A diverged endpoint gives NaN or
 * infinity.
 *
 * @param a endpoints, [count * dim]
 * @param b the endpoints they should have reached, in the same order
 * @returns [count]
 * @throws FewstepError `bad-shape`
 */
export function endpointErrors(a: Samples, b: Samples, dim: number): Float64Array {
  if (a.length !== b.length || !(dim >= 1) || a.length % dim !== 0) {
    throw new FewstepError(
      'bad-shape',
      `endpoints of ${a.length} and ${b.length} values do not pair up in dimension ${dim}`,
      'give two arrays of count x dim values, the same trajectory in the same row',
    );
  }
  return Float64Array.from({ length: a.length / dim }, (_, row) => {
    let sum = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) sum += (a[i] - b[i]) ** 2;
    return Math.sqrt(sum);
  });
}
