import { type Field, preparedField } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';

/** Numbers of hidden features for one state: BatchBuffers. */
const FEATURES = 64;

/** D [batch, dim], and the features [batch, 64] as far as the field writes them; NaN where it does not. */
export interface Evaluation {
  denoised: Float32Array;
  features: Float32Array;
}

/** One evaluation on the GPU, each trajectory at its own noise level, with or without a buffer for features. */
export async function evaluationOn(
  on: Gpu,
  field: Field,
  x: Float32Array,
  sigmas: Float32Array,
  { withFeatures }: { withFeatures: boolean },
): Promise<Evaluation> {
  const batch = sigmas.length;
  const { STORAGE, UNIFORM, COPY_SRC } = GPUBufferUsage;
  const stride = Math.ceil(x.length / 64) * 64;
  const slotData = new Float32Array(2 * stride);
  slotData.set(x);
  const prepared = await preparedField(on, field);
  const uniform = new ArrayBuffer(prepared.operationSize);
  const sigma = { column: 0, scale: 1, offset: 0 };
  const operands = { state: 0, output: stride, trajectories: batch, velocity: 0 };
  prepared.pack({ ...operands, sigma, divisor: sigma }, uniform, 0);
  const slots = on.buffer('slots', STORAGE | COPY_SRC, slotData);
  const columns = on.buffer('columns', STORAGE, sigmas);
  const status = on.buffer('status', STORAGE, 8 + 4 * batch);
  const operation = on.buffer('operations', UNIFORM, uniform);
  const nothing = new Float32Array(batch * FEATURES).fill(NaN);
  const features = on.buffer('features', STORAGE | COPY_SRC, nothing);
  const buffers = { slots, columns, status, operation, capacity: batch };
  const bound = prepared.bind(withFeatures ? { ...buffers, features } : buffers);
  const encoder = on.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  bound.encode(pass, 0, batch);
  pass.end();
  on.device.queue.submit([encoder.finish()]);
  const states = new Float32Array(await on.read(slots));
  const evaluation = {
    denoised: states.slice(stride, stride + x.length),
    features: new Float32Array(await on.read(features)),
  };
  bound.destroy();
  for (const buffer of [slots, columns, status, operation, features]) buffer.destroy();
  return evaluation;
}
