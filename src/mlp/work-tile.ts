import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';
import { type MatrixTile, matrixPlan, matrixTilesFor } from './matrix-tile.js';
import type { Precision } from './precision.js';
import { type Tile, type TileUse, tilePlan, tilesFor } from './tile.js';
import type { WorkPlan } from './work-plan.js';

/** By invocations, or by an adapter's matrix units. */
export type WorkTile = Tile | MatrixTile;

/** The tiles of a network, where they are not those that suit the adapter. */
export type WorkTiles = Partial<Record<TileUse, WorkTile>>;

/**
 * The plans that fit into an adapter, the one that a network gets unless measuring says otherwise first
 * (src/mlp/tuned-network.ts).
 * @throws FewstepError device-limit, bad-argument where there is none
 */
export function workPlansFor(
  gpu: Gpu,
  config: MlpConfig,
  use: TileUse,
  precision: Precision,
): [WorkPlan & WorkTile, ...(WorkPlan & WorkTile)[]] {
  return precision === 'f16-matrix' && use !== 'backward'
    ? matrixTilesFor(gpu, config, use)
    : tilesFor(gpu, config, use);
}

export function workPlan(gpu: Gpu, config: MlpConfig, tile: WorkTile, use: TileUse): WorkPlan & WorkTile {
  return 'bands' in tile ? matrixPlan(gpu, config, tile, use) : tilePlan(config, tile, use);
}

/** What a tile is called in tables and in what is kept of a measurement. */
export function tileName(tile: WorkTile): string {
  if ('bands' in tile) return `${tile.bands} x ${tile.down} bands, ${tile.spans} spans`;
  const { rows, groups, columns, block, staged } = tile;
  return `${rows} x ${groups} rows, ${columns} x ${block} columns${staged ? `, ${staged} staged` : ''}`;
}
