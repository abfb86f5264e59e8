import { FewstepError } from '../errors.js';
import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';

/** How a workgroup shares out its trajectories: `groups` of lanes, `rows` trajectories each. */
export interface Tile {
  rows: number;
  groups: number;
  /** Whether the lanes of a subgroup tell each other what they load: mlp/tile.wgsl, multiply. */
  broadcast: boolean;
}

/** Trajectories per invocation: more make more of each weight that is read, but need more registers. */
const ROWS = [8, 4, 2, 1];
const BROADCAST_ROWS = [16, 8];
/** Invocations that a workgroup should have at least on hardware, whose lanes come in groups of 32 or 64. */
const INVOCATIONS = 64;

/**
 * The largest tile whose activations and embeddings fit into the adapter's workgroup memory.
 * @param quads vec4 of outputs, for each of which a trajectory needs an invocation
 * @throws FewstepError device-limit where not even one trajectory fits
 */
export function tileFor(gpu: Gpu, { width, embedding }: MlpConfig, quads: number): Tile {
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = gpu.limits;
  const lanes = Math.ceil(quads / 8) * 8;
  // Besides a row of the tile: the preconditioning and its slopes.
  const bytes = 4 * (width + embedding.size) + 32;
  const fits = (rows: number, groups: number) =>
    lanes * groups <= maxComputeInvocationsPerWorkgroup &&
    rows * groups * bytes <= maxComputeWorkgroupStorageSize;

  if (canBroadcast(gpu)) {
    const rows = BROADCAST_ROWS.find((count) => fits(count, 1));
    if (rows) return { rows, groups: 1, broadcast: true };
  }
  // A software adapter gains nothing from more lanes.
  const wanted = gpu.adapter.software ? 1 : Math.ceil(INVOCATIONS / lanes);
  for (const rows of ROWS) {
    for (let groups = wanted; groups >= 1; groups--) {
      if (fits(rows, groups)) return { rows, groups, broadcast: false };
    }
  }
  throw new FewstepError(
    'device-limit',
    `a network of width ${width} needs ${lanes} invocations and ${bytes} bytes of workgroup memory; ` +
      `${gpu.adapter.name} allows ${maxComputeInvocationsPerWorkgroup} and ${maxComputeWorkgroupStorageSize}`,
    'use a narrower network',
  );
}
