import type { Asking } from '../field/fused.js';
import type { Gpu } from '../gpu/gpu.js';
import type { WorkPlan } from './work-plan.js';

/** How the workgroup of a tile shares a predictor: the conditions and constants of shaders/fused/ask_tile.wgsl. */
export function tileAsking(
  gpu: Gpu,
  { trajectories, invocations, bytes }: WorkPlan,
  { hiddenQuads }: Asking,
): { conditions: { shared_asking: boolean }; constants: { SHARES: number } } {
  const { maxComputeWorkgroupStorageSize } = gpu.limits;
  // Next to what the forward pass takes there is a vec4 for each part.
  const fits = (shares: number) =>
    shares * trajectories <= invocations &&
    bytes + 16 * shares * trajectories <= maxComputeWorkgroupStorageSize;
  let shares = 1;
  while (shares < hiddenQuads && fits(2 * shares)) shares *= 2;
  return { conditions: { shared_asking: shares > 1 }, constants: { SHARES: shares } };
}
