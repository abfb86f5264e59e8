import { FewstepError } from '../errors.js';
import { type MixtureSpec, stdStrides } from '../field/mixture.js';
import { random } from '../rng/random.js';

/**
 * Independent draws of the mixture. A longer sample of the same seed begins with the shorter one.
 *
 * @returns [count * dim], row-major
 */
export function sampleMixture(mixture: MixtureSpec, count: number, seed: number): Float64Array {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new FewstepError('bad-argument', `the number of draws is ${count}`, 'give an integer, 0 or more');
  }
  const { means, stds, dim } = mixture;
  const strides = stdStrides(mixture);
  const cumulative = cumulativeSum(mixture.weights);
  const source = random(seed);
  const draws = new Float64Array(count * dim);
  for (let i = 0; i < count; i++) {
    const component = firstAbove(cumulative, source.uniform() * cumulative[cumulative.length - 1]);
    for (let d = 0; d < dim; d++) {
      const std = stds[component * strides.component + d * strides.dimension];
      draws[i * dim + d] = means[component * dim + d] + std * source.normal();
    }
  }
  return draws;
}

function cumulativeSum(values: Float64Array): Float64Array {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}

/** Index of the first entry of an increasing array above `value`, by bisection; the last where there is none. */
function firstAbove(increasing: Float64Array, value: number): number {
  let low = 0;
  let high = increasing.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (increasing[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
