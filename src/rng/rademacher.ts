import { PROBE_STREAM } from './streams.js';
import { threefry4x32, type Words } from './threefry.js';

/**
 * A vector of -1 and 1 with equal probability, [dim]: the twin of shaders/divergence/probe.wgsl.
 * @param seed integer from 0 to 2^53 - 1
 * @param trajectory index within the whole batch
 * @param probe which of the trajectory's vectors it is
 */
export function rademacher(seed: number, trajectory: number, probe: number, dim: number): Float64Array {
  const key: Words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0, 0];
  const signs = new Float64Array(dim);
  for (let block = 0; 128 * block < dim; block++) {
    const words = threefry4x32(key, [trajectory, block, probe, PROBE_STREAM]);
    for (let n = 0; n < 128 && 128 * block + n < dim; n++) {
      signs[128 * block + n] = (words[n >> 5] >>> (n & 31)) & 1 ? 1 : -1;
    }
  }
  return signs;
}
