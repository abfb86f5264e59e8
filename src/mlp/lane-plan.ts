import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';
import type { WorkPlan } from './work-plan.js';

/** Lanes of a subgroup: shaders/batch/subgroup.wgsl. */
const LANES = 8;
/** Trajectories of a lane: with 2, 3, 6 and 8 a network 256 wide took longer. */
const ROWS = 4;
/** Vec4 of outputs that are summed at a time. */
const COLUMNS = 8;
/** Workgroups at most, each of which keeps its rows somewhere: any machine is busy with so many. */
const MOST = 64;
/** What all of them keep, at most. */
const MOST_BYTES = 2 ** 25;

/** Inputs and vec4 of outputs that a workgroup of shaders/mlp/lanes/weight_gradient.wgsl takes. */
export const LANE_GRADIENT_PART = { inputs: 4 * LANES, quads: LANES };

/** How lanes work, and what for. */
export interface LanePlan extends WorkPlan {
  /** Workgroups at most; they go through all tiles. */
  most: number;
  /** Memory for their rows, bytes; 0 where workgroups have room for them. */
  rowBytes: number;
}

/**
 * How the passes of a network share out work where the lanes of a subgroup tell each other its weights
 * (shaders/mlp/lanes/rows.wgsl); undefined where they cannot.
 */
export function lanePlan(gpu: Gpu, config: MlpConfig): LanePlan | undefined {
  if (!canBroadcast(gpu)) return undefined;
  const { dim, width, layers, embedding, residual } = config;
  const span = 2 * Math.ceil(Math.max(dim, width) / 4) + (embedding.size + (residual ? width : 0)) / 4;
  const turns = (numbers: number) => Math.ceil(numbers / 4 / COLUMNS);
  const starts = 2 * (layers * turns(width) + turns(dim));
  const bytes = 16 * LANES * (ROWS * span + starts);
  const apart = bytes > gpu.limits.maxComputeWorkgroupStorageSize;
  const most = Math.max(1, Math.min(MOST, Math.floor(MOST_BYTES / bytes)));
  return {
    ...{ trajectories: LANES * ROWS, most, rowBytes: apart ? most * bytes : 0 },
    ...{
      invocations: LANES,
      bytes: apart ? 0 : bytes,
      conditions: { kept_apart: apart },
      constants: { ROWS },
    },
  };
}
