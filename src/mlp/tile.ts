import { FewstepError } from '../errors.js';
import { canBroadcast } from '../gpu/broadcast.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';

/** How the invocations of a workgroup share out its trajectories and a layer's outputs: shaders/mlp/tile.wgsl. */
export interface Tile {
  /** Trajectories of an invocation. */
  rows: number;
  /** Groups of `rows` trajectories. */
  groups: number;
  /** Vec4 of outputs of an invocation, 1 or 2. */
  columns: 1 | 2;
  /** Lanes of one group that lie next to each other; a divisor of the lanes. */
  block: number;
  /**
   * Quads of a layer's inputs whose weights wait in workgroup memory at a time, for all groups (shaders/mlp/staged.wgsl);
   * by default each invocation reads its own. Forwards alone.
   */
  staged?: number;
}

/** The tiles of a network, where they are not those that suit the adapter. */
export type Tiles = Partial<Record<TileUse, Tile>>;

/** A tile and what follows from it for the kernels of one direction of a network. */
export interface TilePlan extends Tile {
  /** Lanes that hold the outputs of a hidden layer. */
  hidden: number;
  /** Lanes of a group in all: backwards, some more hold the embedding's gradient. */
  lanes: number;
  /** Parts that the output layer's inputs are shared out in; 1: it is as any other. */
  split: number;
  /** Whether the lanes of a subgroup tell each other what they load: mlp/tile.wgsl, multiply. */
  broadcast: boolean;
}

/**
 * What a tile is for: the forward pass and the Jacobian-vector product, the forward pass compiled for one time embedding
 * that does for all trajectories, or the vector-Jacobian product.
 */
export const TILE_USES = ['forward', 'together', 'backward'] as const;
export type TileUse = (typeof TILE_USES)[number];

/** Trajectories per invocation: more make more of each weight that is read, but need more registers. */
const BROADCAST_ROWS = [16, 8];
/** Of an invocation's columns, a tile leaves no more unused. */
const MOST_IDLE = 1 / 4;

/**
 * The tiles that fit into an adapter, the one that a network gets unless measuring says otherwise first
 * (src/mlp/tuning.ts).
 * @throws FewstepError device-limit where not even one trajectory fits
 */
export function tilesFor(gpu: Gpu, config: MlpConfig, use: TileUse): [TilePlan, ...TilePlan[]] {
  const usable = candidates(gpu).filter(({ staged }) => !staged || use !== 'backward');
  const found = usable.map((tile) => tilePlan(gpu, config, tile, use));
  const fitting = found.filter((plan) => fits(gpu, config, plan, use));
  const busy = fitting.filter((plan) => idle(config, plan) <= MOST_IDLE);
  const [first, ...others] = busy.length > 0 ? busy : fitting;
  // Parts are sums of their own: with as many of them, results do not depend on the tile.
  if (first) return [first, ...others.filter(({ split }) => split === first.split)];
  const least = found[found.length - 1];
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = gpu.limits;
  throw new FewstepError(
    'device-limit',
    `a network of width ${config.width} needs ${least.lanes * least.groups} invocations and ` +
      `${workgroupBytes(config, least, use)} bytes of workgroup memory; ` +
      `${gpu.adapter.name} allows ${maxComputeInvocationsPerWorkgroup} and ${maxComputeWorkgroupStorageSize}`,
    'use a narrower network',
  );
}

/** In the order in which they are wanted where nothing was measured. */
function candidates(gpu: Gpu): Tile[] {
  if (canBroadcast(gpu)) {
    return BROADCAST_ROWS.map((rows) => ({ rows, groups: 1, columns: 1, block: 8 }));
  }
  // A software adapter gains nothing from more lanes, and has few registers.
  if (gpu.adapter.software) return [8, 4, 2, 1].map((rows) => ({ rows, groups: 1, columns: 1, block: 8 }));
  return HARDWARE_TILES;
}

/**
 * The first four were near the best on an H100 (docs/performance.md), the next two are to spare its second cache, and the
 * others need less room.
 */
const HARDWARE_TILES: Tile[] = [
  { rows: 8, groups: 2, columns: 2, block: 32 },
  { rows: 8, groups: 4, columns: 1, block: 8 },
  { rows: 8, groups: 4, columns: 2, block: 8 },
  { rows: 4, groups: 8, columns: 2, block: 4 },
  { rows: 8, groups: 4, columns: 2, block: 8, staged: 2 },
  { rows: 8, groups: 2, columns: 2, block: 16, staged: 2 },
  { rows: 8, groups: 2, columns: 1, block: 16 },
  { rows: 8, groups: 1, columns: 2, block: 32 },
  { rows: 4, groups: 2, columns: 1, block: 16 },
  { rows: 8, groups: 1, columns: 1, block: 8 },
  { rows: 2, groups: 1, columns: 1, block: 8 },
  { rows: 1, groups: 1, columns: 1, block: 8 },
];

/** What follows from a tile. */
export function tilePlan(gpu: Gpu, config: MlpConfig, tile: Tile, use: TileUse): TilePlan {
  const { columns, block } = tile;
  const [width, dim, embedding] = [config.width, config.dim, config.embedding.size].map((size) =>
    Math.ceil(size / 4),
  );
  const lanesFor = (quads: number) => Math.ceil(quads / columns / block) * block;
  const hidden = lanesFor(width);
  const broadcast = canBroadcast(gpu) && tile.groups === 1 && columns === 1 && tile.rows % 8 === 0;
  // Whole blocks of lanes take a part, whose sums find room beside each other in a row of the tile.
  const splits = [8, 4, 2].find((parts) => {
    const share = hidden / parts;
    return share % block === 0 && dim <= share * columns && parts * dim <= width;
  });
  return {
    ...tile,
    hidden,
    lanes: hidden + (use === 'backward' ? lanesFor(embedding) : 0),
    split: broadcast ? 1 : (splits ?? 1),
    broadcast,
  };
}

/** The share of what hidden lanes could hold that no output fills. */
function idle({ width }: MlpConfig, { hidden, columns }: TilePlan): number {
  return 1 - width / 4 / (hidden * columns);
}

function fits({ limits }: Gpu, config: MlpConfig, plan: TilePlan, use: TileUse): boolean {
  return (
    plan.lanes * plan.groups <= limits.maxComputeInvocationsPerWorkgroup &&
    plan.lanes * plan.groups <= limits.maxComputeWorkgroupSizeX &&
    workgroupBytes(config, plan, use) <= limits.maxComputeWorkgroupStorageSize
  );
}

/** Workgroup memory that the kernels of shaders/mlp/ declare at most. */
export function workgroupBytes(
  { width, dim, embedding }: MlpConfig,
  { rows, groups, staged = 0 }: Tile,
  use: TileUse,
): number {
  const quads = (width + (use === 'together' ? 0 : embedding.size)) / 4;
  const stride = groups > 1 ? quads | 1 : quads;
  // The preconditioning of a row, and its slopes.
  const row = 16 * stride + 32;
  const shifts = use === 'backward' ? 0 : 32 * Math.ceil(Math.max(width, dim) / 4);
  return rows * groups * row + shifts + 16 * staged * width + 4 * embedding.size;
}
