import type { Gpu } from '../../src/gpu/gpu.js';
import { multiplyAddCeiling } from './ceiling.js';

/**
 * Keeps a GPU busy until it is at its clock rate: an idle H100 stands at 345 MHz and takes some tenths of a second of work
 * to come to 1,980, so that what is timed right after a pause or a compilation comes out up to 3.5 times too slow.
 */
export async function warmUp(gpu: Gpu, ms = 300): Promise<void> {
  if (gpu.adapter.software) return;
  await multiplyAddCeiling(gpu, 1); // compiles
  const end = performance.now() + ms;
  while (performance.now() < end) await multiplyAddCeiling(gpu, 1);
}
