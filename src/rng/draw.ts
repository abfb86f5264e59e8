import type { StructValue } from '../gpu/layout.js';

/** Which random numbers a chunk of a batch draws. */
export interface NoiseKey {
  /** A whole number from 0 to 2^53 - 1. */
  seed: number;
  /** Index of the chunk's first trajectory within the batch. */
  first: number;
}

/** struct Draw of shaders/rng/noise.wgsl. */
export function drawStruct({ seed, first }: NoiseKey, stream: number, step: number): StructValue {
  return {
    first_trajectory: first,
    seed_low: seed >>> 0,
    seed_high: Math.floor(seed / 2 ** 32) >>> 0,
    step,
    stream,
  };
}
