import type { Denoise, Field } from '../../src/field/field.js';
import type { MixtureSpec } from '../../src/field/mixture.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { random } from '../../src/rng/random.js';

/** A field with a float64 form alone. */
export function hostField(dim: number, denoise: Denoise): Field {
  return {
    kind: 'host',
    dim,
    denoise,
    prepare: () => Promise.reject(new Error('a host field has no WGSL')),
  };
}

/** A field whose calls are counted. */
export function counted(field: Field): { field: Field; calls: () => number } {
  let calls = 0;
  const denoise: Denoise = (x, sigma, out) => {
    calls++;
    field.denoise!(x, sigma, out);
  };
  return { field: { ...field, denoise }, calls: () => calls };
}

export type StdShape = 'shared' | 'per-component' | 'per-dimension';

/** A mixture whose means spread over [-1, 1] and whose stds lie between 0.1 and 0.5. */
export function randomMixture(seed: number, dim: number, components: number, shape: StdShape): MixtureSpec {
  const source = random(seed);
  const count = { shared: 1, 'per-component': components, 'per-dimension': components * dim }[shape];
  const draw = (length: number, low: number, high: number) =>
    Float64Array.from({ length }, () => source.between(low, high));
  return {
    kind: 'gaussian-mixture',
    dim,
    weights: draw(components, 0.2, 2),
    means: draw(components * dim, -1, 1),
    stds: draw(count, 0.1, 0.5),
  };
}

/** Latents of a batch at noise `sigma`, [batch * dim]. */
export function latents(seed: number, batch: number, dim: number, sigma = 80): Float64Array {
  const source = random(seed, 1);
  // Rounded to float32, so that both executors begin at the same numbers.
  return Float64Array.from({ length: batch * dim }, () => Math.fround(sigma * source.normal()));
}

/** Noise levels from 0.002 to 80, one per trajectory, and states as they occur there: data and noise. */
export function noisyStates(
  seed: number,
  spec: MixtureSpec,
  batch: number,
): { x: Float64Array; sigmas: number[] } {
  const source = random(seed, 3);
  const sigmas = Array.from({ length: batch }, (_, i) => Math.fround(0.002 * 40000 ** (i / (batch - 1))));
  const x = sampleMixture(spec, batch, seed).map((value, i) =>
    Math.fround(value + sigmas[Math.floor(i / spec.dim)] * source.normal()),
  );
  return { x, sigmas };
}
