import { expect, test } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import type { Tile } from '../../src/mlp/tile.js';
import { checkAgainstFloat64, randomCase, SLOW } from './fixtures.js';

// Adapters get different tiles; here each kind of them runs whatever the adapter.
const TILES: Tile[] = [
  { rows: 2, groups: 4, columns: 2, block: 8 },
  { rows: 4, groups: 2, columns: 1, block: 16 },
  { rows: 2, groups: 8, columns: 2, block: 4 },
  { rows: 2, groups: 2, columns: 2, block: 4, staged: 2 },
  { rows: 2, groups: 4, columns: 1, block: 8, staged: 3 },
];

test.each(TILES)(
  'the kernels agree with float64 with the tile %o',
  async (tile) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    // Widths that do not fill their lanes, outputs by parts, by row and as any layer.
    for (const [dim, width, classes] of [
      [3, 36, 0],
      [9, 64, 2],
      [70, 48, 0],
    ]) {
      const given = randomCase(mlpConfig({ dim, width, layers: 2, classes }), 21, seed);
      await checkAgainstFloat64({ ...given, tiles: { forward: tile, backward: tile } });
    }
    expect.hasAssertions();
  },
  SLOW,
);
