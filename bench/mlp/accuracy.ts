import { solve } from '../../src/execute/solve.js';
import type { Field } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { DEFAULT_RANGE } from '../../src/grid/grid.js';
import { type MlpModel, mlpField } from '../../src/mlp/field.js';
import { type Precision, precisionsOf } from '../../src/mlp/precision.js';
import { random } from '../../src/rng/random.js';
import { PlanBuilder } from '../../src/solver/builder.js';
import { planFor } from '../../src/solver/plan-for.js';

/** How far a model on the GPU is from the same model, unrounded, in float64; Euclidean norms over a batch. */
export interface PrecisionError {
  precision: Precision;
  sigma: number;
  /** |error of D| / |D|. */
  denoised: number;
  /** |error of D| / |x - D|: what the error of the velocity comes to. */
  velocity: number;
}

const SIGMAS = [0.002, 0.02, 0.1, 0.5, 1, 2, 10, 80];
const BATCH = 256;

/** Errors at states as they occur at each noise level: samples of the model, and noise. */
export async function precisionErrors(gpu: Gpu, model: MlpModel): Promise<PrecisionError[]> {
  const exact = mlpField(model);
  const precisions = precisionsOf(gpu);
  const clean = await samples(gpu, exact);
  const draw = random(3);
  const errors: PrecisionError[] = [];
  for (const sigma of SIGMAS) {
    const x = clean.map((value) => Math.fround(value + sigma * draw.normal()));
    const D = new Float64Array(x.length);
    for (let at = 0; at < x.length; at += exact.dim) {
      exact.denoise!(
        Float64Array.from(x.subarray(at, at + exact.dim)),
        sigma,
        D.subarray(at, at + exact.dim),
      );
    }
    for (const precision of precisions) {
      const actual = await denoised(gpu, mlpField(model, { precision }), x, sigma);
      const error = norm(D.map((value, i) => actual[i] - value));
      const removed = norm(D.map((value, i) => x[i] - value));
      errors.push({ precision, sigma, denoised: error / norm(D), velocity: error / removed });
    }
  }
  return errors;
}

/** |samples at a precision - samples of float32| / |the latter|, from the same latents. */
export async function sampleDifference(gpu: Gpu, model: MlpModel, precision: Precision): Promise<number> {
  const [full, rounded] = [
    await samples(gpu, mlpField(model)),
    await samples(gpu, mlpField(model, { precision })),
  ];
  return norm(full.map((value, i) => rounded[i] - value)) / norm(full);
}

async function samples(gpu: Gpu, field: Field): Promise<Float32Array> {
  const plan = planFor({ solver: 'unipc-3', nfe: 10, range: DEFAULT_RANGE });
  return (await solve(gpu, field, plan, { latents: { batch: BATCH, seed: 0 } })).samples;
}

async function denoised(gpu: Gpu, field: Field, x: Float32Array, sigma: number): Promise<Float32Array> {
  const b = new PlanBuilder([2 * sigma, sigma]);
  b.reach(b.denoised(b.start, sigma));
  return (await solve(gpu, field, b.finish('D'), { latents: { values: x } })).samples;
}

function norm(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value ** 2;
  return Math.sqrt(sum);
}
