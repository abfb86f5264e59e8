import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { hasManyRegisters } from '../gpu/registers.js';
import type { MlpConfig } from './config.js';
import { fits, type WorkPlan } from './work-plan.js';

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

export interface TilePlan extends Tile, WorkPlan {
  /** Parts that the output layer's inputs are shared out in; 1: it is as any other. */
  split: number;
}

/**
 * What a tile is for: the forward pass and the Jacobian-vector product, the forward pass compiled for one time embedding
 * that does for all trajectories, or the vector-Jacobian product.
 */
export const TILE_USES = ['forward', 'together', 'backward'] as const;
export type TileUse = (typeof TILE_USES)[number];

/** Of an invocation's columns, a tile leaves no more unused. */
const MOST_IDLE = 1 / 4;

/**
 * The tiles that fit into an adapter, in the order in which they are wanted where nothing was measured.
 * @throws FewstepError device-limit where not even one trajectory fits
 */
export function tilesFor(gpu: Gpu, config: MlpConfig, use: TileUse): [TilePlan, ...TilePlan[]] {
  const usable = candidates(gpu).filter(({ staged }) => !staged || use !== 'backward');
  const found = usable.map((tile) => tilePlan(config, tile, use));
  const fitting = found.filter((plan) => fits(gpu, plan));
  const busy = fitting.filter(
    ({ columns, constants }) => idle(config, columns * constants.HIDDEN) <= MOST_IDLE,
  );
  const [first, ...others] = busy.length > 0 ? busy : fitting;
  // Parts are sums of their own: with as many of them, results do not depend on the tile.
  if (first) return [first, ...others.filter(({ split }) => split === first.split)];
  const least = found[found.length - 1];
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = gpu.limits;
  throw new FewstepError(
    'device-limit',
    `a network of width ${config.width} needs ${least.invocations} invocations and ` +
      `${least.bytes} bytes of workgroup memory; ` +
      `${gpu.adapter.name} allows ${maxComputeInvocationsPerWorkgroup} and ${maxComputeWorkgroupStorageSize}`,
    'use a narrower network',
  );
}

/** In the order in which they are wanted where nothing was measured. */
function candidates(gpu: Gpu): Tile[] {
  // A software adapter gains nothing from more lanes, and has few registers.
  if (gpu.adapter.software) return [8, 4, 2, 1].map((rows) => ({ rows, groups: 1, columns: 1, block: 8 }));
  if (hasManyRegisters(gpu)) return HARDWARE_TILES;
  // Two columns' sums alone are all registers there are: by the cycles that Intel's compiler reckons for Gen 12, the
  // best tile of one column takes 0.6 to 0.8 of the best of two, in nine passes of ten.
  const small = ({ columns }: Tile) => columns === 1;
  return [...HARDWARE_TILES.filter(small), ...HARDWARE_TILES.filter((tile) => !small(tile))];
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
export function tilePlan(config: MlpConfig, tile: Tile, use: TileUse): TilePlan {
  const { columns, block } = tile;
  const [width, dim, embedding] = [config.width, config.dim, config.embedding.size].map((size) =>
    Math.ceil(size / 4),
  );
  const lanesFor = (quads: number) => Math.ceil(quads / columns / block) * block;
  const hidden = lanesFor(width);
  // A part has eight vec4 of a row of weights or a multiple, which are loaded together, whatever the block: so that all tiles
  // of a network have as many. The sums of all parts find room beside each other in a row of the tile, and each part has as
  // many inputs.
  const splits = [8, 4, 2].find((parts) => {
    const share = (hidden / parts) * columns;
    const even = width % parts === 0 && embedding % parts === 0;
    return even && share % 8 === 0 && dim <= share && parts * dim <= width;
  });
  const lanes = hidden + (use === 'backward' ? lanesFor(embedding) : 0);
  const split = splits ?? 1;
  return {
    ...tile,
    split,
    trajectories: tile.rows * tile.groups,
    invocations: lanes * tile.groups,
    bytes: workgroupBytes(config, tile, use),
    conditions: { pair: columns === 2, split: split > 1, staged: tile.staged !== undefined },
    constants: {
      ROWS: tile.rows,
      GROUPS: tile.groups,
      COLUMNS: columns,
      BLOCK: block,
      HIDDEN: hidden, // lanes that hold the outputs of a hidden layer
      LANES: lanes, // of a group in all: backwards, some more hold the embedding's gradient
      SPLIT: split,
      ...(tile.staged && { STAGED: tile.staged }),
    },
  };
}

/** The share of what hidden lanes could hold, in quads, that no output fills. */
function idle({ width }: MlpConfig, room: number): number {
  return 1 - width / 4 / room;
}

/** Workgroup memory that the kernels of shaders/mlp/ declare at most. */
function workgroupBytes(
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
