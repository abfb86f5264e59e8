import { test } from 'vitest';
import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { freshSeed } from '../seed.js';
import { checkAgainstFloat64, randomCase, SLOW } from './fixtures.js';

test.each<[MlpOptions, number]>([
  [{ dim: 1, width: 32, layers: 2 }, 1],
  [{ dim: 64, width: 256, layers: 4 }, 70],
  // More tiles than workgroups, of which each keeps to its own rows: mlp/lanes/rows.wgsl.
  [{ dim: 6, width: 32, layers: 2, residual: true, classes: 2 }, 2100],
])(
  'the kernels of %o agree with float64, %i trajectories',
  async (options, batch) => {
    await checkAgainstFloat64(randomCase(mlpConfig(options), batch, freshSeed()));
  },
  SLOW,
);
