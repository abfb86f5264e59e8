import { choicesOf } from '../gpu/choices.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from './config.js';
import { Network } from './network.js';
import { parameterLayout } from './parameters.js';
import type { Precision } from './precision.js';
import type { TileUse } from './tile.js';
import { timeTiles } from './timed-tile.js';
import { tileName, type WorkTile, type WorkTiles, workPlansFor } from './work-tile.js';

/** Of the tiles that fit, so many are timed at most: each takes up to a second to compile, all at once. */
const TIMED = 6;
/**
 * Multiply-adds to time a pass with, about one a parameter and trajectory: any GPU is busy for some tenths of a
 * millisecond.
 */
const WORK = 4e9;

/** Of all states at most, for there are buffers for each tile at the same time. */
const NUMBERS = 2 ** 22;

/** Whoever measures does so alone. */
const measuring = new WeakMap<GPUDevice, Promise<unknown>>();

/**
 * A network whose kernels share out work as was fastest on this adapter. Hardware is timed once for each shape and use
 * and what was found is kept (src/gpu/choices.ts). With every tile that is tried sums have one order; what a compiler
 * contracts may still differ, so the last bits are those of a choice. Software adapters get what suits them all.
 */
export async function tunedNetwork(
  gpu: Gpu,
  config: MlpConfig,
  parameters: Float32Array,
  uses: readonly TileUse[],
  precision: Precision = 'f32',
): Promise<Network> {
  const tiles: WorkTiles = {};
  if (!gpu.adapter.software) {
    for (const use of uses) tiles[use] = await tunedTile(gpu, config, parameters, use, precision);
  }
  return new Network(gpu, config, parameters, precision, tiles);
}

async function tunedTile(
  gpu: Gpu,
  config: MlpConfig,
  parameters: Float32Array,
  use: TileUse,
  precision: Precision,
): Promise<WorkTile | undefined> {
  const tiles = workPlansFor(gpu, config, use, precision).slice(0, TIMED);
  if (tiles.length === 1) return tiles[0];
  const { dim, width, layers, embedding, residual } = config;
  const key = [
    'tile',
    use,
    precision,
    dim,
    width,
    layers,
    embedding.size,
    residual ? 'residual' : 'plain',
  ].join(' ');
  const before = measuring.get(gpu.device) ?? Promise.resolve();
  const found = before.then(async () => {
    const kept = tiles.find((tile) => tileName(tile) === choicesOf(gpu.device).get(key));
    if (kept) return kept;
    const wanted = Math.min(WORK / parameterLayout(config).size, NUMBERS / dim);
    const trajectories = Math.min(262_144, Math.max(4096, Math.ceil(wanted)));
    const times = await timeTiles(gpu, { config, parameters }, tiles, { use, trajectories, precision });
    const best = tiles[times.indexOf(Math.min(...times))];
    choicesOf(gpu.device).set(key, tileName(best));
    return best;
  });
  measuring.set(
    gpu.device,
    found.catch(() => {}),
  );
  return found;
}
