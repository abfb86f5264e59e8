import { random } from '../../src/rng/random.js';

/** Standard normal samples, [count * dim]. */
export function normals(count: number, dim: number, seed: number): Float64Array {
  const source = random(seed);
  return Float64Array.from({ length: count * dim }, () => source.normal());
}

/** Every row moved by a vector. */
export function translate(samples: Float64Array, by: readonly number[]): Float64Array {
  return samples.map((value, i) => value + by[i % by.length]);
}

/** The rows in reverse order. */
export function reversed(samples: Float64Array, dim: number): Float64Array {
  const count = samples.length / dim;
  return samples.map((_, i) => samples[(count - 1 - Math.floor(i / dim)) * dim + (i % dim)]);
}
