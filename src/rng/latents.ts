import { normals } from './threefry.js';

/**
 * The latents N(0, scale^2) that the GPU draws for a seed, in float64 on the host.
 *
 * @param first index of the first trajectory within the whole batch
 * @returns [count * dim]
 */
export function drawLatents(
  seed: number,
  first: number,
  count: number,
  dim: number,
  scale: number,
): Float64Array {
  const latents = new Float64Array(count * dim);
  for (let i = 0; i < count; i++) {
    for (const [d, normal] of normals(seed, first + i, 0, 0, dim).entries()) {
      latents[i * dim + d] = scale * normal;
    }
  }
  return latents;
}
