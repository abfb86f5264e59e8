import { describe, expect, test } from 'vitest';
import { solve } from '../../src/execute/solve.js';
import { type Field, preparedField } from '../../src/field/field.js';
import { boundKernel, operationOf, shared } from '../../src/field/operation.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { matrixUnits } from '../../src/gpu/matrix-units.js';
import { HIDDEN_FEATURES, type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { type MlpFieldOptions, mlpField } from '../../src/mlp/field.js';
import { matrixTilesFor } from '../../src/mlp/matrix-tile.js';
import { Network } from '../../src/mlp/network.js';
import { tileName } from '../../src/mlp/work-tile.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { planFor } from '../../src/solver/plan-for.js';
import { gpu } from '../device.js';
import { evaluationOn } from '../field/evaluation-fixtures.js';
import { randomPredictor } from '../predictor/fixtures.js';
import { expectRefusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { randomCase, relativeError, SLOW } from './fixtures.js';

const seed = freshSeed();
const BATCH = 77; // no multiple of a tile

/**
 * Rounding an activation to float16 moves it by 2^-12 of its size on average, and these networks' layers have gains of
 * about one: what is added up here comes to a few times that. Float32 weights rounded to float16 are no part of it.
 */
const ROUNDED = 2 ** -9;

const NETWORKS: [string, MlpOptions, MlpFieldOptions][] = [
  ['narrow', { dim: 2, width: 64, layers: 3 }, {}],
  ['of rows that are aligned', { dim: 24, width: 48, layers: 2 }, {}],
  ['residual and labelled', { dim: 64, width: 64, layers: 4, residual: true, classes: 3 }, { label: 2 }],
  ['guided', { dim: 9, width: 32, layers: 3, residual: true, classes: 2 }, { label: 1, guidance: 2 }],
  ['wider at its ends than within', { dim: 70, width: 32, layers: 2 }, {}],
  ['wider at its ends, of rows that are aligned', { dim: 80, width: 32, layers: 2 }, {}],
  ['of a large embedding', { dim: 5, width: 64, layers: 2, embedding: { size: 64 } }, {}],
];

/** D of each row in float64. */
function exactly(field: Field, x: Float32Array, sigmas: Float32Array): Float64Array {
  const out = new Float64Array(x.length);
  for (const [row, sigma] of sigmas.entries()) {
    const [begin, end] = [row * field.dim, (row + 1) * field.dim];
    field.denoise!(Float64Array.from(x.subarray(begin, end)), sigma, out.subarray(begin, end));
  }
  return out;
}

describe.runIf(matrixUnits(gpu))('networks on matrix units', () => {
  test.each(NETWORKS)(
    `%s: D and features are float64's but for the rounding of activations`,
    async (_, shape, options) => {
      const { x, sigma, ...model } = randomCase(mlpConfig(shape), BATCH, seed);
      const field = mlpField(model, { ...options, precision: 'f16-matrix' });
      const { denoised } = await evaluationOn(gpu, field, x, sigma, { withFeatures: false });
      const error = relativeError(denoised, exactly(field, x, sigma));
      expect(error).toBeLessThan(ROUNDED);
      // Else it was not on matrix units.
      expect(error).toBeGreaterThan(1e-6);
      const featured = await evaluationOn(gpu, field, x, sigma, { withFeatures: true });
      expect(featured.denoised).toEqual(denoised);
      const features = new Float64Array(BATCH * HIDDEN_FEATURES);
      for (let row = 0; row < BATCH; row++) {
        const state = Float64Array.from(x.subarray(row * field.dim, (row + 1) * field.dim));
        field.features!(
          state,
          sigma[row],
          features.subarray(row * HIDDEN_FEATURES, (row + 1) * HIDDEN_FEATURES),
        );
      }
      expect(relativeError(featured.features, features)).toBeLessThan(ROUNDED);
    },
    SLOW,
  );

  test.each(NETWORKS)(
    '%s: whole trajectories, fused and stepwise, are those of float16 weights but for that',
    async (_, shape, options) => {
      const { x: values, ...model } = randomCase(mlpConfig(shape), BATCH, seed);
      const field = mlpField(model, { ...options, precision: 'f16-matrix' });
      const half = mlpField(model, { ...options, precision: 'f16' });
      const plan = planFor({ solver: 'heun', nfe: 6 });
      const run = (of: Field, executor: 'fused' | 'stepwise') =>
        solve(gpu, of, plan, { latents: { values: values.map((value) => 80 * value) }, executor });
      const [fused, stepwise, expected] = [
        (await run(field, 'fused')).samples,
        (await run(field, 'stepwise')).samples,
        (await run(half, 'stepwise')).samples,
      ];
      // What compilers contract differently may round to another float16.
      expect(relativeError(fused, stepwise)).toBeLessThan(ROUNDED);
      // Six evaluations, of which each adds its own.
      expect(relativeError(fused, expected)).toBeLessThan(6 * ROUNDED);
    },
    SLOW,
  );

  test(
    'every tile gives the same',
    async () => {
      const given = randomCase(mlpConfig({ dim: 24, width: 64, layers: 2, classes: 2 }), BATCH, seed);
      const { config, parameters, x, sigma } = given;
      const field = mlpField(given, { precision: 'f16-matrix' });
      const expected = exactly(field, x, sigma);
      const plans = matrixTilesFor(gpu, config, 'forward');
      expect(plans.length).toBeGreaterThan(3);
      for (const tile of plans) {
        const network = new Network(gpu, config, parameters, 'f16-matrix', { forward: tile });
        const kernel = await network.kernel('mlp/forward');
        const { parameters: weights, frequencies } = network;
        const labels = gpu.buffer('label', GPUBufferUsage.STORAGE, Uint32Array.of(config.classes));
        const own = { weights, matrices: weights, frequencies, labels };
        const prepare = async () => ({
          ...operationOf(kernel),
          bind: (batch: Parameters<Awaited<ReturnType<typeof preparedField>>['bind']>[0]) =>
            boundKernel(kernel, { ...shared(batch), ...own }, network.plan().trajectories),
        });
        const { denoised } = await evaluationOn(gpu, { ...field, prepare }, x, sigma, {
          withFeatures: false,
        });
        expect(relativeError(denoised, expected), tileName(tile)).toBeLessThan(ROUNDED);
      }
    },
    SLOW,
  );

  test(
    `AMED's predictor reads their hidden features, stepwise and inside fused kernels`,
    async () => {
      const { x: values, ...model } = randomCase(mlpConfig({ dim: 5, width: 64, layers: 2 }), BATCH, seed);
      const field = mlpField(model, { precision: 'f16-matrix' });
      const half = mlpField(model, { precision: 'f16' });
      const scales = { scaleDirection: 0.1, scaleTime: 0.1, reads: 'hidden' as const };
      const predictor = randomPredictor(amedSolvers[0], half, scales, { seed, steps: 2, afs: false });
      const run = async (of: Field, executor: 'fused' | 'stepwise') => {
        const { samples } = await solve(gpu, of, predictor.predicted.plan, {
          latents: { values },
          predictor,
          executor,
        });
        return samples;
      };
      const expected = await run(half, 'stepwise');
      for (const executor of ['fused', 'stepwise'] as const) {
        // Four evaluations, and answers that are smooth in their features.
        expect(relativeError(await run(field, executor), expected), executor).toBeLessThan(4 * ROUNDED);
      }
    },
    SLOW,
  );

  test('sizes that are no multiples of the units are refused', async () => {
    const config = mlpConfig({ dim: 3, width: 36, layers: 2 });
    const field = mlpField(randomCase(config, 1, seed), { precision: 'f16-matrix' });
    await expectRefusal(() => preparedField(gpu, field), 'bad-argument', '36 wide', /precision f16 or f32/);
  });
});

test('a device without matrix units is refused, with what to do', async () => {
  const without = new (class extends Gpu {
    override get features() {
      return new Set(['shader-f16']) as GPUSupportedFeatures;
    }
  })(gpu.device, gpu.adapter);
  const config = mlpConfig({ dim: 3, width: 32, layers: 2 });
  const field = mlpField(randomCase(config, 1, seed), { precision: 'f16-matrix' });
  await expectRefusal(
    () => preparedField(without, field),
    'device-limit',
    'no matrix units',
    /precision f16 or f32/,
  );
});
