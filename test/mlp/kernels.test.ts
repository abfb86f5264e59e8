import { describe, expect, test } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import { freshSeed } from '../seed.js';
import { checkAgainstFloat64, randomCase, runOnGpu, SLOW } from './fixtures.js';

describe('the kernels of a residual network with labels, in a batch of 37', () => {
  const config = mlpConfig({ dim: 3, width: 48, layers: 3, residual: true, classes: 3 });
  const batch = 37;
  const given = randomCase(config, batch, freshSeed());

  test(
    'agree with float64 in D, features, both products and every gradient',
    async () => {
      await checkAgainstFloat64(given);
    },
    SLOW,
  );

  test(
    'give the same bits again, and the same for a trajectory in a smaller batch',
    async () => {
      const results = await runOnGpu(given);
      expect(await runOnGpu(given)).toEqual(results);
      const fewer = 5;
      const { dim } = given.config;
      const part = (values: Float32Array) => values.slice(0, fewer * (values.length / batch));
      const alone = await runOnGpu({
        ...given,
        batch: fewer,
        x: part(given.x),
        tangent: part(given.tangent),
        cotangent: part(given.cotangent),
        sigma: part(given.sigma),
        sigmaTangent: part(given.sigmaTangent),
        labels: given.labels.slice(0, fewer),
      });
      for (const name of ['denoised', 'along', 'toX'] as const) {
        expect(alone[name]).toEqual(results[name].slice(0, fewer * dim));
      }
      expect(alone.toSigma).toEqual(results.toSigma.slice(0, fewer));
    },
    SLOW,
  );
});
