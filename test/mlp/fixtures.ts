import { expect } from 'vitest';
import { HIDDEN_FEATURES, type MlpConfig } from '../../src/mlp/config.js';
import { Network } from '../../src/mlp/network.js';
import { parameterLayout } from '../../src/mlp/parameters.js';
import { NetworkPasses } from '../../src/mlp/passes.js';
import { type Precision, roundedToHalf } from '../../src/mlp/precision.js';
import { MlpReference } from '../../src/mlp/reference.js';
import type { WorkTiles } from '../../src/mlp/work-tile.js';
import { type Random, random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';

/** Four large kernels are compiled for a network, some seconds each on a software adapter. */
export const SLOW = 120_000;

/** A network with random parameters everywhere, and a batch for all of its passes. */
export interface Case {
  config: MlpConfig;
  parameters: Float32Array;
  /** How the GPU stores them; float64 sees them rounded. Default f32. */
  precision?: Precision;
  /** How workgroups share out the work; by default as suits the adapter. */
  tiles?: WorkTiles;
  batch: number;
  /** [batch, dim] each. */
  x: Float32Array;
  tangent: Float32Array;
  cotangent: Float32Array;
  /** [batch] each. */
  sigma: Float32Array;
  sigmaTangent: Float32Array;
  labels: Uint32Array;
}

export function randomParameters(config: MlpConfig, draw: Random): Float32Array {
  const layout = parameterLayout(config);
  const parameters = new Float32Array(layout.size);
  for (const { name, rows, columns, offset, stride } of layout.tensors) {
    const std = name === 'labels' ? 0.7 : name.endsWith('bias') ? 0.3 : Math.sqrt(1.5 / rows);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) parameters[offset + row * stride + i] = std * draw.normal();
    }
  }
  return parameters;
}

export function randomCase(config: MlpConfig, batch: number, seed: number): Case {
  const draw = random(seed);
  const numbers = (count: number, next: () => number) => Float32Array.from({ length: count }, next);
  const sigma = numbers(batch, () => Math.exp(draw.between(-3, 2)));
  return {
    config,
    parameters: randomParameters(config, draw),
    batch,
    sigma,
    x: numbers(batch * config.dim, () => draw.normal()).map(
      (value, i) => value * Math.hypot(sigma[Math.floor(i / config.dim)], config.sigmaData),
    ),
    tangent: numbers(batch * config.dim, () => draw.normal()),
    cotangent: numbers(batch * config.dim, () => draw.normal()),
    sigmaTangent: numbers(batch, () => draw.normal()),
    labels: Uint32Array.from({ length: batch }, () => Math.floor(draw.uniform() * (config.classes + 1))),
  };
}

/** What all passes make of a case: [batch, dim] each, or as named. */
export interface Results<Numbers> {
  denoised: Numbers;
  /** [batch, HIDDEN_FEATURES]. */
  features: Numbers;
  along: Numbers;
  toX: Numbers;
  /** [batch]. */
  toSigma: Numbers;
  /** As parameterLayout says. */
  gradient: Numbers;
}

/** All passes in one submit. */
export async function runOnGpu(given: Case): Promise<Results<Float32Array>> {
  const { config, batch, x, tangent, cotangent } = given;
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const stride = Math.ceil((batch * config.dim) / 64) * 64;
  const slotData = new Float32Array(6 * stride);
  for (const [i, values] of [x, tangent, cotangent].entries()) slotData.set(values, i * stride);
  const network = new Network(gpu, config, given.parameters, given.precision, given.tiles);
  const slots = gpu.buffer('slots', STORAGE | COPY_SRC, slotData);
  const columns = gpu.buffer('columns', STORAGE, Float32Array.of(...given.sigma, ...given.sigmaTangent));
  const operation = gpu.buffer('operations', UNIFORM | COPY_DST, 4 * 512);
  const features = gpu.buffer('features', STORAGE | COPY_SRC, 4 * HIDDEN_FEATURES * batch);
  const labels = gpu.buffer('labels', STORAGE, given.labels);
  const passes = await NetworkPasses.create(network, {
    slots,
    columns,
    operation,
    features,
    labels,
    capacity: batch,
  });

  const column = (index: number) => ({ column: index, scale: 1, offset: 0 });
  const common = { state: 0, trajectories: batch, sigma: column(0) };
  const uniforms = new ArrayBuffer(4 * 512);
  const evaluate = { velocity: 0, divisor: column(0), output: 3 * stride };
  passes.pack('forward', { ...common, ...evaluate }, uniforms, 0);
  passes.pack(
    'jvp',
    { ...common, tangent: stride, output: 4 * stride, sigma_tangent: column(1) },
    uniforms,
    512,
  );
  passes.pack('vjp', { ...common, cotangent: 2 * stride, output: 5 * stride }, uniforms, 1024);
  passes.pack('weightGradient', common, uniforms, 1536);
  gpu.device.queue.writeBuffer(operation, 0, uniforms);
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  passes.transpose(pass);
  passes.forward(pass, 0, batch);
  passes.jvp(pass, 512, batch);
  passes.vjp(pass, 1024, batch);
  passes.weightGradient(pass, 1536, batch);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);

  const read = async (buffer: GPUBuffer) => new Float32Array(await gpu.read(buffer));
  const states = await read(slots);
  const slot = (index: number) => states.slice(index * stride, index * stride + batch * config.dim);
  const results = {
    denoised: slot(3),
    along: slot(4),
    toX: slot(5),
    features: await read(features),
    toSigma: await read(passes.sigmaGradient),
    gradient: await read(passes.gradient),
  };
  passes.destroy();
  network.destroy();
  for (const buffer of [slots, columns, operation, features, labels]) buffer.destroy();
  return results;
}

/** The same in float64. */
export function runInFloat64({ config, batch, ...given }: Case): Results<Float64Array> {
  const { dim } = config;
  const { parameters, precision } = given;
  const stored = precision === 'f16' ? roundedToHalf(config, parameters) : parameters;
  const reference = new MlpReference(config, stored);
  const gradient = new Float64Array(parameterLayout(config).size);
  const results: Record<Exclude<keyof Results<unknown>, 'gradient'>, number[]> = {
    denoised: [],
    features: [],
    along: [],
    toX: [],
    toSigma: [],
  };
  for (let row = 0; row < batch; row++) {
    const rowOf = (values: Float32Array) => Float64Array.from(values.subarray(row * dim, (row + 1) * dim));
    const pass = reference.forward(rowOf(given.x), given.sigma[row], given.labels[row]);
    const pulled = reference.vjp(pass, rowOf(given.cotangent), gradient);
    results.denoised.push(...pass.denoised);
    results.features.push(...reference.features(pass));
    results.along.push(...reference.jvp(pass, rowOf(given.tangent), given.sigmaTangent[row]));
    results.toX.push(...pulled.x);
    results.toSigma.push(pulled.sigma);
  }
  const { denoised, features, along, toX, toSigma } = results;
  return {
    denoised: Float64Array.from(denoised),
    features: Float64Array.from(features),
    along: Float64Array.from(along),
    toX: Float64Array.from(toX),
    toSigma: Float64Array.from(toSigma),
    gradient,
  };
}

/** |actual - expected| / |expected|, in the Euclidean norm. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

const rootMeanSquare = (values: ArrayLike<number>) =>
  Math.sqrt(
    Array.from(values, (value) => value * value).reduce((sum, square) => sum + square, 0) / values.length,
  );

/** Trajectories whose results say how large such results are. */
const TYPICAL = 64;

/**
 * Runs a case on the GPU and in float64. A float32 sum of n products errs by some sqrt(n) 2^-24, 2e-6 for the
 * longest here, and a few layers follow each other: 1e-4 leaves room for GPUs whose exp and cos are coarser. One number may
 * be a small difference of larger ones, so that few are compared with the size of those of more trajectories.
 */
export async function checkAgainstFloat64(given: Case): Promise<void> {
  const { config, batch, parameters, precision } = given;
  const actual = await runOnGpu(given);
  const expected = runInFloat64(given);
  const many = { ...randomCase(config, TYPICAL, freshSeed()), parameters, precision };
  const typical = batch < TYPICAL ? runInFloat64(many) : expected;
  const errorOf = (one: ArrayLike<number>, other: ArrayLike<number>, size: number) =>
    rootMeanSquare(Array.from(one, (value, i) => value - other[i])) / Math.max(rootMeanSquare(other), size);
  for (const name of ['denoised', 'features', 'along', 'toX', 'toSigma'] as const) {
    const size = rootMeanSquare(typical[name]);
    expect(errorOf(actual[name], expected[name], size), name).toBeLessThan(1e-4);
  }
  for (const { name, rows, offset, stride } of parameterLayout(config).tensors) {
    const part = (values: Float32Array | Float64Array) => values.subarray(offset, offset + rows * stride);
    // A sum over trajectories, of any sign.
    const size = rootMeanSquare(part(typical.gradient)) * Math.sqrt(Math.min(1, batch / TYPICAL));
    expect(errorOf(part(actual.gradient), part(expected.gradient), size), name).toBeLessThan(1e-4);
  }
}
