import { expect, test } from 'vitest';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { mlpConfig } from '../../src/mlp/config.js';
import type { MlpModel } from '../../src/mlp/field.js';
import { problemByName } from '../../src/problem/registry.js';
import { random } from '../../src/rng/random.js';
import { assess } from '../../src/train/assess.js';
import { errorSigmas, fieldErrors } from '../../src/train/field-errors.js';
import { initialState } from '../../src/train/trainer.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const SIGMAS = errorSigmas(DEFAULT_RANGE);

/** A fresh network, which is D = c_skip x: the exact field of one Gaussian about 0 with the data's own deviation. */
function fresh(dim: number, sigmaData: number, more: object = {}): MlpModel {
  const config = mlpConfig({ dim, width: 32, layers: 2, sigmaData, ...more });
  return { config, parameters: initialState(config, 1).parameters };
}

const normals = (count: number, std: number, stream = 0) => {
  const source = random(seed, stream);
  return Float32Array.from({ length: count }, () => std * source.normal());
};

test('errors are those of the velocity, and of denoising', async () => {
  const { denoise: exact } = gaussianMixture({ weights: [1], means: [[0, 0, 0]], stds: [0.5] });
  // A tenth too short a step from x towards D.
  const short = (x: Float64Array, sigma: number, out: Float64Array) => {
    exact!(x, sigma, out);
    for (let d = 0; d < 3; d++) out[d] = x[d] + 0.9 * (out[d] - x[d]);
  };
  const levels = await fieldErrors(short, exact!, normals(3 * 2000, 0.5), 3, SIGMAS, seed);
  expect(levels.map(({ sigma }) => sigma)).toEqual(SIGMAS);
  expect([SIGMAS[0], SIGMAS.at(-1)]).toEqual([0.002, 80]);
  for (const { sigma, relative, denoising } of levels) {
    for (const value of Object.values(relative)) expect(value).toBeCloseTo(0.1, 6);
    // The posterior's standard deviation; 6,000 normal numbers are within 5% of it but once in 10^7.
    const deviation = (sigma * 0.5) / Math.hypot(sigma, 0.5);
    expect(denoising.exact / deviation, `sigma ${sigma}`).toBeCloseTo(1, 1);
    expect(denoising.network).toBeGreaterThan(0);
  }
});

test.each([1, 2, 70, 1024])('a model that is exact is found to be, in %i dimensions', async (dim) => {
  const [rows, held, std] = dim > 100 ? [200, 16, 0.5] : [1000, 100, 0.5];
  const data = { values: normals(rows * dim, std, 1) };
  const heldOut = { values: normals(held * dim, std, 2) };
  const model = { ...fresh(dim, std), scaling: { offset: 100, scale: 8 } };
  const { errors, distances, samples, heldOut: real } = await assess(gpu, { model, data, heldOut, seed });
  expect(errors.exact).toMatchObject({ kind: 'rows', of: rows, rows: Math.min(rows, 2 ** 20 / dim) });
  for (const { sigma, denoising } of errors.levels) {
    const deviation = (sigma * std) / Math.hypot(sigma, std);
    // A root mean square of n normal numbers has a relative deviation of 1 / sqrt(2 n).
    const tolerance = 5 / Math.sqrt(2 * held * dim);
    expect(Math.abs(denoising.network / deviation - 1), `sigma ${sigma}`).toBeLessThan(tolerance);
  }
  const { sets, size, model: measured, floor } = distances!;
  expect(samples).toHaveLength(sets * size * dim);
  expect(real).toHaveLength(held * dim);
  // In the data's units. In 4,000 simulations of the worst case, one dimension, it was 2.01 at most.
  expect(measured.slicedWasserstein.median / floor.slicedWasserstein.median).toBeLessThan(2.5);
  expect(floor.slicedWasserstein.median).toBeGreaterThan(0.2);
  expect(measured.energy.low).toBeLessThanOrEqual(measured.energy.median);
  expect('frechet' in measured).toBe(dim <= 256);
});

test('a model that is wrong is found to be', async () => {
  const problem = problemByName('two-moons');
  const heldOut = { values: Float32Array.from(problem.sample(256, seed)) };
  // One Gaussian, twice as wide as the data.
  const model = fresh(2, 1.4);
  const { errors, distances } = await assess(gpu, { model, data: heldOut, heldOut, problem, seed });
  expect(errors.exact).toEqual({ kind: 'problem' });
  const at = errors.levels.find(({ sigma }) => sigma > 0.5)!;
  expect(at.relative.median).toBeGreaterThan(0.3);
  // 1.27 times as large, with a standard deviation of 0.025 over 200 draws of the data and the noise.
  expect(at.denoising.network).toBeGreaterThan(1.1 * at.denoising.exact);
  expect(distances!.model.slicedWasserstein.low).toBeGreaterThan(distances!.floor.slicedWasserstein.high);
});

test('one label is compared with its rows alone', async () => {
  const labels = Uint32Array.from({ length: 200 }, (_, row) => row % 2);
  const values = normals(400, 0.5).map((value, i) => value + (labels[i >> 1] === 1 ? 50 : 0));
  const part = { values, labels };
  const model = { ...fresh(2, 0.5, { classes: 3 }), labelNames: ['here', 'far away', 'nowhere'] };
  const options = { model, data: part, heldOut: part, seed };
  const { label, heldOut, distances } = await assess(gpu, { ...options, label: 0 });
  expect(label).toBe('here');
  expect(heldOut).toHaveLength(200);
  expect(Math.max(...heldOut)).toBeLessThan(20);
  expect(distances!.model.slicedWasserstein.median).toBeLessThan(0.5);
  expect((await assess(gpu, options)).distances!.model.slicedWasserstein.median).toBeGreaterThan(10);
  await expect(assess(gpu, { ...options, label: 2 })).rejects.toThrow('no row has the label 2');
});

test('stops when it is told to', async () => {
  const part = { values: normals(400, 0.5) };
  const signal = AbortSignal.abort(new Error('told to'));
  const options = { model: fresh(2, 0.5), data: part, heldOut: part, seed, signal };
  await expect(assess(gpu, options)).rejects.toThrow('told to');
});

test('a handful of held-out rows gives no distances', async () => {
  const data = { values: normals(40, 0.5) };
  const heldOut = { values: normals(4, 0.5, 1) };
  const assessment = await assess(gpu, { model: fresh(2, 0.5), data, heldOut, seed });
  expect(assessment).not.toHaveProperty('distances');
  expect(assessment.errors.states).toBe(2);
});
