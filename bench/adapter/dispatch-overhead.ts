import type { Gpu } from '../../src/gpu/gpu.js';
import { type MinMedianMax, minMedianMax } from '../spread.js';
import { Clock } from './clock.js';

/** What a dispatch costs that does next to nothing: one workgroup. */
export interface DispatchOverhead {
  repeats: number;
  /** Dispatches of one pass. */
  dispatches: number;
  /** Encoding, submitting and awaiting one, microseconds. */
  submitUs: MinMedianMax;
  /**
   * Each of the dispatches of one pass, which wait for one another as updates of a plan do, microseconds: on the host
   * until they are submitted; until it knows of their end; by the GPU's clock.
   */
  encodeUs: MinMedianMax;
  wallUs: MinMedianMax;
  gpuUs?: MinMedianMax;
}

export async function dispatchOverhead(
  gpu: Gpu,
  repeats: number,
  dispatches = 1000,
): Promise<DispatchOverhead> {
  const kernel = await gpu.kernel('bench/multiply_add', { conditions: { half: false } });
  const { STORAGE, UNIFORM } = GPUBufferUsage;
  const results = gpu.buffer('results', STORAGE, 16 * 64);
  const load = gpu.buffer('load', UNIFORM, kernel.layout.pack('load', { rounds: 0 }));
  const group = kernel.bind({ load, results });
  const clock = new Clock(gpu);
  const record = (encoder: GPUCommandEncoder, count: number) => {
    const pass = encoder.beginComputePass();
    for (let i = 0; i < count; i++) {
      pass.setPipeline(kernel.pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
    }
    pass.end();
  };
  const { queue } = gpu.device;
  const submit = async () => {
    const begin = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    record(encoder, 1);
    queue.submit([encoder.finish()]);
    await gpu.settle(queue.onSubmittedWorkDone());
    return 1000 * (performance.now() - begin);
  };
  await submit(); // compiles
  const times = { submit: [] as number[], encode: [] as number[], wall: [] as number[], gpu: [] as number[] };
  for (let i = 0; i < repeats; i++) {
    times.submit.push(await submit());
    let encodeMs = 0;
    const { wallMs, gpuMs } = await clock.time((encoder) => {
      const begin = performance.now();
      record(encoder, dispatches);
      encodeMs = performance.now() - begin;
    });
    times.encode.push((1000 * encodeMs) / dispatches);
    times.wall.push((1000 * wallMs) / dispatches);
    if (gpuMs !== undefined) times.gpu.push((1000 * gpuMs) / dispatches);
  }
  for (const each of [results, load, clock]) each.destroy();
  return {
    repeats,
    dispatches,
    submitUs: minMedianMax(times.submit),
    encodeUs: minMedianMax(times.encode),
    wallUs: minMedianMax(times.wall),
    ...(times.gpu.length > 0 && { gpuUs: minMedianMax(times.gpu) }),
  };
}
