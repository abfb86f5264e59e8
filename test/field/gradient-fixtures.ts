import { type Field, preparedGradient } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { random } from '../../src/rng/random.js';

/** The gradients of a batch: to x [batch, dim], to sigma [batch]. */
export interface Gradients {
  toX: Float32Array;
  toSigma: Float32Array;
}

/** One vector-Jacobian product on the GPU, each trajectory at its own noise level, from the second of two columns. */
export async function gradientsOn(
  on: Gpu,
  field: Field,
  x: Float64Array,
  sigmas: ArrayLike<number>,
  cotangents: Float64Array,
): Promise<Gradients> {
  const batch = sigmas.length;
  const { STORAGE, UNIFORM, COPY_SRC } = GPUBufferUsage;
  const stride = Math.ceil(x.length / 64) * 64;
  const slotData = new Float32Array(3 * stride);
  slotData.set(x, 0);
  slotData.set(cotangents, stride);
  const prepared = await preparedGradient(on, field);
  const uniform = new ArrayBuffer(prepared.operationSize);
  const sigma = { column: 1, scale: 2, offset: 0 };
  const slot = { state: 0, cotangent: stride, output: 2 * stride };
  prepared.pack({ ...slot, trajectories: batch, sigma, sigma_column: 2 }, uniform, 0);
  const slots = on.buffer('slots', STORAGE | COPY_SRC, slotData);
  const halves = Array.from(sigmas, (value) => value / 2);
  const columns = on.buffer('columns', STORAGE, Float32Array.of(...halves.map(() => NaN), ...halves));
  const sigmaGradient = on.buffer('gradients to sigma', STORAGE | COPY_SRC, 4 * 3 * batch);
  const operation = on.buffer('operations', UNIFORM, uniform);
  const bound = prepared.bind({ slots, columns, operation, sigmaGradient, capacity: batch });
  const encoder = on.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  bound.encode(pass, 0, batch);
  pass.end();
  on.device.queue.submit([encoder.finish()]);
  const states = new Float32Array(await on.read(slots));
  const toSigma = new Float32Array(await on.read(sigmaGradient));
  bound.destroy();
  for (const buffer of [slots, columns, sigmaGradient, operation]) buffer.destroy();
  return { toX: states.slice(2 * stride, 2 * stride + x.length), toSigma: toSigma.slice(2 * batch) };
}

/** Standard normal cotangents as float32, [batch * dim]. */
export function randomCotangents(seed: number, batch: number, dim: number): Float64Array {
  const source = random(seed, 7);
  return Float64Array.from({ length: batch * dim }, () => Math.fround(source.normal()));
}
