import type { PreparedDivergence } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';

/** The drift [batch, dim] and its divergence [batch]. */
export interface Diverging {
  drift: Float32Array;
  divergence: Float32Array;
}

/** One evaluation on the GPU, each trajectory at its own noise level. */
export async function divergenceOn(
  on: Gpu,
  prepared: PreparedDivergence,
  x: Float64Array,
  sigmas: ArrayLike<number>,
): Promise<Diverging> {
  const batch = sigmas.length;
  const { STORAGE, UNIFORM, COPY_SRC } = GPUBufferUsage;
  const stride = Math.ceil(x.length / 64) * 64;
  const slotData = new Float32Array(2 * stride);
  slotData.set(x);
  const uniform = new ArrayBuffer(prepared.operationSize);
  const sigma = { column: 0, scale: 1, offset: 0 };
  prepared.pack({ state: 0, output: stride, trajectories: batch, divergence: batch, sigma }, uniform, 0);
  const slots = on.buffer('slots', STORAGE | COPY_SRC, slotData);
  const columns = on.buffer('columns', STORAGE, Float32Array.from(sigmas));
  const status = on.buffer('status', STORAGE, 8 + 4 * batch);
  const divergences = on.buffer('divergences', STORAGE | COPY_SRC, 4 * 2 * batch);
  const operation = on.buffer('operations', UNIFORM, uniform);
  const bound = prepared.bind({ slots, columns, status, operation, divergences, capacity: batch });
  const encoder = on.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  bound.encode(pass, 0, batch);
  pass.end();
  on.device.queue.submit([encoder.finish()]);
  const states = new Float32Array(await on.read(slots));
  const divergence = new Float32Array(await on.read(divergences)).slice(batch);
  bound.destroy();
  for (const buffer of [slots, columns, status, divergences, operation]) buffer.destroy();
  return { drift: states.slice(stride, stride + x.length), divergence };
}
