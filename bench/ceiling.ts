import type { Gpu } from '../src/gpu/gpu.js';

/**
 * The adapter's multiply-add ceiling, FLOP/s: the best of `repeats` runs of shaders/bench/multiply_add.wgsl, each of
 * about 50 ms.
 */
export async function multiplyAddCeiling(gpu: Gpu, repeats = 5): Promise<number> {
  const kernel = await gpu.kernel('bench/multiply_add');
  const groups = gpu.adapter.software ? 64 : 8192;
  const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
  const results = gpu.buffer('results', STORAGE, 16 * 64 * groups);
  const load = gpu.buffer('load', UNIFORM | COPY_DST, 4);
  const group = kernel.bind({ load, results });
  const flops = async (rounds: number) => {
    gpu.device.queue.writeBuffer(load, 0, kernel.layout.pack('load', { rounds }));
    const ms = await timed(gpu, (pass) => {
      pass.setPipeline(kernel.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups);
    });
    return (64 * rounds * 64 * groups) / (ms / 1000);
  };
  await flops(100); // compiles
  const rounds = Math.ceil(((await flops(100)) * 0.05) / (64 * 64 * groups));
  let best = 0;
  for (let i = 0; i < repeats; i++) best = Math.max(best, await flops(rounds));
  results.destroy();
  load.destroy();
  return best;
}

/** What the adapter copies from one buffer to another at best, bytes read and written per second. */
export async function copyCeiling(gpu: Gpu, repeats = 5): Promise<number> {
  const bytes = Math.min(64 * 2 ** 20, gpu.limits.maxBufferSize);
  const { COPY_SRC, COPY_DST } = GPUBufferUsage;
  const from = gpu.buffer('copied from', COPY_SRC, bytes);
  const to = gpu.buffer('copied to', COPY_DST, bytes);
  let best = 0;
  for (let i = 0; i < repeats; i++) {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    const begin = performance.now();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
    best = Math.max(best, (2 * bytes * 1000) / (performance.now() - begin));
  }
  from.destroy();
  to.destroy();
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
