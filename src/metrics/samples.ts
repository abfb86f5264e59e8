import { FewstepError } from '../errors.js';

/** Samples row by row, [count * dim]. */
export type Samples = Float32Array | Float64Array;

/**
 * The number of rows of [count * dim] samples.
 *
 * @throws FewstepError `bad-shape` where the length is no multiple of dim or there are fewer than `atLeast`
 *   rows, `not-finite` at the first NaN or infinity
 */
export function countSamples(samples: Samples, dim: number, atLeast = 1): number {
  const count = samples.length / dim;
  if (!Number.isSafeInteger(dim) || dim < 1 || !Number.isInteger(count) || count < atLeast) {
    throw new FewstepError(
      'bad-shape',
      `${samples.length} values are not ${atLeast} or more samples of dimension ${dim}`,
      'give the samples row by row, count x dim values',
    );
  }
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) {
      throw new FewstepError(
        'not-finite',
        `sample ${Math.floor(i / dim)} has the value ${samples[i]} in dimension ${i % dim}`,
        'leave out diverged samples, and say how many there were',
      );
    }
  }
  return count;
}
