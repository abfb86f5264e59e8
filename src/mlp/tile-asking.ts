import type { Asking } from '../field/fused.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';
import { type TilePlan, workgroupBytes } from './tile.js';

/** How the workgroup of a tile shares a predictor: the conditions and constants of shaders/fused/ask_tile.wgsl. */
export function tileAsking(
  gpu: Gpu,
  config: MlpConfig,
  plan: TilePlan,
  { hiddenQuads }: Asking,
): { conditions: { shared_asking: boolean }; constants: { SHARES: number } } {
  const { maxComputeWorkgroupStorageSize } = gpu.limits;
  const tile = plan.rows * plan.groups;
  const invocations = plan.lanes * plan.groups;
  // What the forward pass takes, and a vec4 for each part.
  const taken = workgroupBytes(config, plan, 'forward');
  const fits = (shares: number) =>
    shares * tile <= invocations && taken + 16 * shares * tile <= maxComputeWorkgroupStorageSize;
  let shares = 1;
  while (shares < hiddenQuads && fits(2 * shares)) shares *= 2;
  return { conditions: { shared_asking: shares > 1 }, constants: { SHARES: shares } };
}
