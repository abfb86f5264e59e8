import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';

/** How a workgroup shares out its trajectories: `groups` of lanes, `rows` trajectories each. */
export interface Tile {
  rows: number;
  groups: number;
}

/** Trajectories per invocation: more make more of each weight that is read, but need more registers. */
const ROWS = [8, 4, 2, 1];
/** Invocations that a workgroup should have at least on hardware, whose lanes come in groups of 32 or 64. */
const INVOCATIONS = 64;

/**
 * The largest tile whose activations and embeddings fit into the adapter's workgroup memory.
 * @param lanes invocations that one trajectory needs
 * @throws FewstepError device-limit where not even one trajectory fits
 */
export function tileFor(gpu: Gpu, { width, embedding }: MlpConfig, lanes: number): Tile {
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = gpu.limits;
  // Besides a row of the tile: the preconditioning and its slopes.
  const bytes = 4 * (width + embedding.size) + 32;
  // A software adapter gains nothing from more lanes, but from knowing that all read the same activations.
  const wanted = gpu.adapter.software ? 1 : Math.ceil(INVOCATIONS / lanes);
  for (const rows of ROWS) {
    for (let groups = wanted; groups >= 1; groups--) {
      if (lanes * groups > maxComputeInvocationsPerWorkgroup) continue;
      if (rows * groups * bytes <= maxComputeWorkgroupStorageSize) return { rows, groups };
    }
  }
  throw new FewstepError(
    'device-limit',
    `a network of width ${width} needs ${lanes} invocations and ${bytes} bytes of workgroup memory; ` +
      `${gpu.adapter.name} allows ${maxComputeInvocationsPerWorkgroup} and ${maxComputeWorkgroupStorageSize}`,
    'use a narrower network',
  );
}
