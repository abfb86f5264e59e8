import { test } from 'vitest';
import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { freshSeed } from '../seed.js';
import { checkAgainstFloat64, randomCase, SLOW } from './fixtures.js';

test.each<[MlpOptions, number]>([
  [{ dim: 785, width: 128, layers: 2, embedding: { kind: 'positional', size: 32, scale: 10 } }, 9],
  [{ dim: 2, width: 512, layers: 8, residual: true }, 5],
])(
  'the kernels of %o agree with float64, %i trajectories',
  async (options, batch) => {
    await checkAgainstFloat64(randomCase(mlpConfig(options), batch, freshSeed()));
  },
  SLOW,
);
