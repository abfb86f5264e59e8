import { test } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import type { Tile } from '../../src/mlp/tile.js';
import { freshSeed } from '../seed.js';
import { checkAgainstFloat64, randomCase, SLOW } from './fixtures.js';

// Adapters get different tiles; here each kind of them runs whatever the adapter.
// Widths that do not fill their lanes; outputs by row, by parts and as any layer; a kernel takes seconds to compile.
const CASES: [Tile, { dim: number; width: number; classes?: number }][] = [
  [
    { rows: 2, groups: 4, columns: 2, block: 8 },
    { dim: 9, width: 64, classes: 2 },
  ],
  [
    // A part of the outputs is some lanes of a block.
    { rows: 2, groups: 2, columns: 2, block: 32 },
    { dim: 9, width: 128 },
  ],
  [
    { rows: 4, groups: 2, columns: 1, block: 16 },
    { dim: 70, width: 48 },
  ],
  [
    { rows: 2, groups: 8, columns: 2, block: 4 },
    { dim: 3, width: 36 },
  ],
  [
    { rows: 2, groups: 2, columns: 2, block: 4, staged: 2 },
    { dim: 9, width: 64 },
  ],
  [
    { rows: 2, groups: 4, columns: 1, block: 8, staged: 3 },
    { dim: 70, width: 48 },
  ],
];

test.each(CASES)(
  'the kernels agree with float64 with the tile %o for %o',
  async (tile, shape) => {
    const given = randomCase(mlpConfig({ layers: 2, ...shape }), 21, freshSeed());
    await checkAgainstFloat64({ ...given, tiles: { forward: tile, backward: tile } });
  },
  SLOW,
);
