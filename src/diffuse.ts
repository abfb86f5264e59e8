import { checkEntries, type Entries } from './arguments.js';
import { FewstepError } from './errors.js';
import { checkGpu } from './gpu/check.js';
import { folded } from './gpu/dispatch.js';
import type { Gpu } from './gpu/gpu.js';
import { checkProcess, type Process } from './process/process.js';
import { drawStruct } from './rng/draw.js';
import { DIFFUSE_STREAM } from './rng/streams.js';
import { normals } from './rng/threefry.js';

/** Bytes of the noised rows that one submit makes at most. */
const CHUNK_BYTES = 64 * 2 ** 20;
/** Bytes from one uniform to the next. */
const STRIDE = 256;
const INVOCATIONS = 64;

/** Data to noise, and how far. */
export interface DiffuseRequest {
  process: Process;
  /** x_0, [rows, dim]. */
  data: ArrayLike<number>;
  /** Numbers in a row. */
  dim: number;
  /** In the process' own time, in any order. */
  times: readonly number[];
  /** Integer from 0 to 2^53 - 1: a row's noise depends on it, on the row's and the time's index alone. Default 0. */
  seed?: number;
  /**
   * At most so many rows at once; by default what 64 MiB and the adapter's limits allow. Results do not depend on it.
   */
  chunk?: number;
  signal?: AbortSignal;
}

const ENTRIES: Entries<DiffuseRequest> = {
  ...{ process: true, data: true, dim: true, times: true, seed: false, chunk: false, signal: false },
};

/**
 * Noises data by the forward process, x_t = alpha-bar(t) x_0 + beta-bar(t) n, on the GPU. Rows and times have noise of
 * their own: these are draws of the marginals, not paths of the process.
 * @returns [times, rows, dim]
 * @throws FewstepError bad-argument for no times, one outside the process' range, a seed or a chunk; bad-shape;
 *   not-finite naming the row and the column; device-limit where not even one row fits
 */
export async function diffuse(gpu: Gpu, request: DiffuseRequest): Promise<Float32Array> {
  checkGpu(gpu);
  const rows = checkRequest('diffuse', request);
  const { process, dim, seed = 0, signal } = request;
  // Whoever gave them may write others there meanwhile.
  const [data, times] = [Float32Array.from(request.data), [...request.times]];
  const { maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  const bytes = Math.min(CHUNK_BYTES, maxStorageBufferBindingSize, maxBufferSize);
  const fitting = Math.floor(bytes / (4 * dim * times.length));
  if (fitting < 1) {
    throw new FewstepError(
      'device-limit',
      `one row of ${dim} numbers at ${times.length} times does not fit ${bytes} bytes`,
      'give fewer times at once',
    );
  }
  const chunk = Math.min(rows, fitting, request.chunk ?? rows);
  const kernel = await gpu.kernel('process/diffuse');
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const clean = gpu.buffer('clean rows', STORAGE | COPY_DST, 4 * chunk * dim);
  const noised = gpu.buffer('noised rows', STORAGE | COPY_SRC, 4 * chunk * dim * times.length);
  const operation = gpu.buffer('times', UNIFORM | COPY_DST, STRIDE * times.length);
  const group = kernel.bind({ clean, noised, operation });
  const uniforms = new ArrayBuffer(STRIDE * times.length);
  const result = new Float32Array(times.length * rows * dim);
  try {
    for (let first = 0; first < rows; first += chunk) {
      signal?.throwIfAborted();
      const count = Math.min(chunk, rows - first);
      const size = count * dim;
      for (const [time, t] of times.entries()) {
        const value = {
          output: time * size,
          dim,
          rows: count,
          alpha_bar: process.alphaBar(t),
          beta_bar: process.betaBar(t),
          draw: drawStruct({ seed, first }, DIFFUSE_STREAM, time),
        };
        kernel.layout.pack('operation', value, uniforms, time * STRIDE);
      }
      gpu.device.queue.writeBuffer(clean, 0, data, first * dim, size);
      gpu.device.queue.writeBuffer(operation, 0, uniforms);
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(kernel.pipeline);
      for (const time of times.keys()) {
        pass.setBindGroup(0, group, [time * STRIDE]);
        pass.dispatchWorkgroups(...folded(Math.ceil((count * Math.ceil(dim / 4)) / INVOCATIONS)));
      }
      pass.end();
      gpu.device.queue.submit([encoder.finish()]);
      const made = new Float32Array(await gpu.read(noised, 4 * size * times.length));
      for (const time of times.keys()) {
        result.set(made.subarray(time * size, (time + 1) * size), (time * rows + first) * dim);
      }
    }
  } finally {
    for (const buffer of [clean, noised, operation]) buffer.destroy();
  }
  return result;
}

/**
 * The same in float64 on the CPU: the twin of shaders/process/diffuse.wgsl, up to rounding.
 * @returns [times, rows, dim]
 * @throws FewstepError bad-argument, bad-shape and not-finite as `diffuse`
 */
export function diffuseReference(request: DiffuseRequest): Float64Array {
  const rows = checkRequest('diffuseReference', request);
  const { process, data, dim, times, seed = 0 } = request;
  const result = new Float64Array(times.length * rows * dim);
  for (const [time, t] of times.entries()) {
    const [alphaBar, betaBar] = [process.alphaBar(t), process.betaBar(t)];
    for (let row = 0; row < rows; row++) {
      const noise = normals(seed, row, time, DIFFUSE_STREAM, dim);
      for (let d = 0; d < dim; d++) {
        result[(time * rows + row) * dim + d] = alphaBar * data[row * dim + d] + betaBar * noise[d];
      }
    }
  }
  return result;
}

/** @returns how many rows there are */
function checkRequest(who: string, request: DiffuseRequest): number {
  checkEntries(`${who}'s request`, request, ENTRIES);
  const { process, data, dim, times, seed = 0, chunk = 1 } = request;
  checkProcess(who, process, "give parseProcess('vp-linear')");
  const rows = data.length / dim;
  if (data.length === 0 || !Number.isInteger(rows) || !Number.isInteger(dim) || dim < 1) {
    throw new FewstepError(
      'bad-shape',
      `${data.length} numbers are no rows of ${dim}`,
      'give rows x dim numbers, with at least one row',
    );
  }
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(Math.fround(data[i]))) continue;
    throw new FewstepError(
      'not-finite',
      `the data have ${data[i]} in row ${Math.floor(i / dim)}, column ${i % dim}`,
      'remove or replace such values (rows and columns are counted from 0)',
    );
  }
  const { min, max } = process.range;
  const foreign = times.find((t) => !(t >= min && t <= max));
  if (foreign !== undefined || times.length === 0) {
    throw new FewstepError(
      'bad-argument',
      times.length === 0
        ? 'there are no times to noise to'
        : `time ${foreign} is outside the process '${process.name}'`,
      `give times from ${min} to ${max}`,
    );
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0 && Number.isInteger(chunk) && chunk >= 1)) {
    throw new FewstepError(
      'bad-argument',
      `the seed is ${seed}, the chunk ${chunk}`,
      'give a whole number of 0 or more for the seed, of 1 or more for the chunk',
    );
  }
  return rows;
}
