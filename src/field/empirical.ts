import { FewstepError } from '../errors.js';
import type { Scaling } from '../io/scaling.js';
import type { Field } from './field.js';
import { mixtureField } from './gaussian-mixture.js';

/**
 * The exact field of a data set: the posterior mean over its rows, each smoothed by a Gaussian of width
 * `bandwidth` (0: the rows themselves). It is streamed, so no batch x data matrix is made.
 * @param points [rows, dim], row-major
 * @param bandwidth in the units of `points`
 * @param scaling how `points` were scaled, so that samples come out in the data's own units
 * @throws FewstepError bad-field for points that are no rows of `dim`, or a bandwidth that is negative or not finite;
 *   not-finite naming the row and the column of a point
 */
export function empirical(points: ArrayLike<number>, dim: number, bandwidth = 0, scaling?: Scaling): Field {
  if (!(Number.isInteger(dim) && dim >= 1) || points.length === 0 || points.length % dim !== 0) {
    throw new FewstepError(
      'bad-field',
      `${points.length} numbers are no rows of ${dim}`,
      'give rows x dim numbers, at least one row',
    );
  }
  if (!(bandwidth >= 0 && Number.isFinite(bandwidth))) {
    throw new FewstepError(
      'bad-field',
      `the bandwidth is ${bandwidth}`,
      'give a number from 0 on, in the units of the data',
    );
  }
  const means = new Float64Array(points);
  const bad = means.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) {
    throw new FewstepError(
      'not-finite',
      `row ${Math.floor(bad / dim)}, column ${bad % dim} of the data is ${points[bad]}`,
      'remove or fill in such values; the GPU has numbers up to 3.4e38',
    );
  }
  const spec = {
    kind: 'gaussian-mixture' as const,
    dim,
    weights: new Float64Array(points.length / dim).fill(1),
    means,
    stds: Float64Array.of(bandwidth),
  };
  return mixtureField('empirical', spec, scaling);
}
