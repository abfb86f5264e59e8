import type { Gpu } from '../../src/gpu/gpu.js';
import type { Kernel } from '../../src/gpu/kernel.js';
import { matrixUnits } from '../../src/gpu/matrix-units.js';
import type { Precision } from '../../src/mlp/precision.js';
import { Clock, ofGpu } from './clock.js';
import { copyKernelSubject, copySubject } from './copy-rate.js';
import { countLasting } from './count-lasting.js';

/** A kernel that does nothing but multiply and add. */
interface MultiplyAdd {
  kernel: Kernel;
  /** Operations of a workgroup in a round. */
  operations: number;
  /** Bytes that a workgroup writes. */
  bytes: number;
}

async function multiplyAdd(gpu: Gpu, precision: Precision): Promise<MultiplyAdd> {
  const units = matrixUnits(gpu);
  if (precision !== 'f16-matrix' || !units) {
    const kernel = await gpu.kernel('bench/multiply_add', { conditions: { half: precision === 'f16' } });
    return { kernel, operations: 64 * 256, bytes: 64 * 16 };
  }
  const { m, n, k, subgroup } = units;
  const constants = { UNIT_M: m, UNIT_N: n, UNIT_K: k, SUBGROUP: subgroup };
  const kernel = await gpu.kernel('bench/matrix_multiply_add', { constants });
  // Four subgroups, eight sums each.
  return { kernel, operations: 4 * 8 * 2 * m * n * k, bytes: 4 * 8 * m * n * 4 };
}

/**
 * The adapter's multiply-add ceiling, FLOP/s: the best of `repeats` runs of shaders/bench/multiply_add.wgsl or, of matrix
 * units, matrix_multiply_add.wgsl, each of about 20 ms (50 on a software adapter), by the GPU's clock where it has one.
 * @param precision one that the device has
 */
export async function multiplyAddCeiling(
  gpu: Gpu,
  repeats = 5,
  precision: Precision = 'f32',
): Promise<number> {
  const { kernel, operations, bytes } = await multiplyAdd(gpu, precision);
  // On hardware more invocations than it has room for by far, so that the last ones leave little of it idle.
  const groups = gpu.adapter.software ? 64 : Math.floor(2 ** 25 / bytes);
  const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
  const results = gpu.buffer('results', STORAGE, bytes * groups);
  const load = gpu.buffer('load', UNIFORM | COPY_DST, 4);
  const group = kernel.bind({ load, results });
  const clock = new Clock(gpu);
  const ms = async (rounds: number) => {
    gpu.device.queue.writeBuffer(load, 0, kernel.layout.pack('load', { rounds }));
    const time = await clock.time((encoder) => {
      const pass = encoder.beginComputePass();
      pass.setPipeline(kernel.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups);
      pass.end();
    });
    return ofGpu(time);
  };
  const rounds = await countLasting(gpu.adapter.software ? 50 : 20, ms);
  let best = 0;
  for (let i = 0; i < repeats; i++) {
    best = Math.max(best, (1000 * operations * rounds * groups) / (await ms(rounds)));
  }
  for (const each of [results, load, clock]) each.destroy();
  return best;
}

/**
 * What the adapter copies from one buffer to another at best, by the queue's command or by a kernel, bytes read and written
 * per second: many copies a submit, of buffers that no cache holds.
 */
export async function copyCeiling(gpu: Gpu, repeats = 5): Promise<number> {
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
  const wanted = (gpu.adapter.software ? 64 : 256) * 2 ** 20;
  const bytes = Math.min(wanted, maxBufferSize, maxStorageBufferBindingSize);
  const clock = new Clock(gpu);
  let best = 0;
  for (const copies of [copySubject(gpu, bytes, 1), await copyKernelSubject(gpu, bytes, 1)]) {
    const ms = async (count: number) => ofGpu(await clock.time((encoder) => copies.record(encoder, count)));
    const count = await countLasting(gpu.adapter.software ? 50 : 20, ms);
    for (let i = 0; i < repeats; i++)
      best = Math.max(best, (1000 * copies.bytes * count) / (await ms(count)));
    copies.destroy();
  }
  clock.destroy();
  return best;
}

/** Milliseconds of wall clock from the submit of one pass to its end. */
export async function timed(gpu: Gpu, record: (pass: GPUComputePassEncoder) => void): Promise<number> {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  record(pass);
  pass.end();
  const begin = performance.now();
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
  return performance.now() - begin;
}
