import { solve } from '../src/execute/solve.js';
import type { Field } from '../src/field/field.js';
import type { Gpu } from '../src/gpu/gpu.js';
import type { Plan } from '../src/solver/plan.js';

/** Where the time of one call of `solve` goes, milliseconds of the host, in the order in which it does. */
export interface CallBreakdown {
  /** Making buffers, host-visible ones apart, for drivers pin their memory. */
  buffers: number;
  staging: number;
  bindGroups: number;
  /** Writing to buffers through the queue. */
  upload: number;
  /** The queue's submit, and then until the buffer that is read is mapped: the passes, the copy to it, and the wait. */
  submit: number;
  mapped: number;
  /** From the mapped range to the caller's arrays. */
  copied: number;
  /** Giving buffers back. */
  destroyed: number;
  /** What is left: plans, uniforms, recording. */
  rest: number;
  total: number;
  /** By the GPU's clock, where it has one. */
  gpuMs?: number;
}

/** Times what one solve asks of the device, by wrapping its methods meanwhile. Kernels should be compiled. */
export async function callBreakdown(
  gpu: Gpu,
  field: Field,
  plan: Plan,
  batch: number,
  seed: number,
): Promise<CallBreakdown> {
  const { device } = gpu;
  const took = {
    buffers: 0,
    staging: 0,
    bindGroups: 0,
    upload: 0,
    submit: 0,
    mapped: 0,
    copied: 0,
    destroyed: 0,
  };
  const restore: (() => void)[] = [];
  const wrap = (object: object, name: string, spent: (...given: never[]) => keyof typeof took) => {
    const methods = object as Record<string, (...given: never[]) => unknown>;
    const original = methods[name];
    methods[name] = function timed(this: unknown, ...given: never[]) {
      const begin = performance.now();
      const made = original.apply(this, given);
      took[spent(...given)] += performance.now() - begin;
      return made;
    };
    restore.push(() => {
      methods[name] = original;
    });
  };
  const probe = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
  const buffers = Object.getPrototypeOf(probe) as GPUBuffer;
  probe.destroy();
  wrap(device, 'createBuffer', ({ usage }: GPUBufferDescriptor) =>
    usage & GPUBufferUsage.MAP_READ ? 'staging' : 'buffers',
  );
  wrap(device, 'createBindGroup', () => 'bindGroups');
  wrap(device.queue, 'writeBuffer', () => 'upload');
  wrap(device.queue, 'submit', () => 'submit');
  const { mapAsync, getMappedRange, unmap } = buffers;
  let ranged = 0;
  buffers.mapAsync = async function timed(this: GPUBuffer, ...given) {
    const begin = performance.now();
    await mapAsync.apply(this, given);
    took.mapped += performance.now() - begin;
    return undefined;
  };
  buffers.getMappedRange = function timed(this: GPUBuffer, ...given) {
    ranged = performance.now();
    return getMappedRange.apply(this, given);
  };
  buffers.unmap = function timed(this: GPUBuffer) {
    // What is mapped to be written is part of making a buffer.
    if (this.usage & GPUBufferUsage.MAP_READ) took.copied += performance.now() - ranged;
    else took.buffers += performance.now() - ranged;
    return unmap.call(this);
  };
  restore.push(() => Object.assign(buffers, { mapAsync, getMappedRange, unmap }));
  wrap(buffers, 'destroy', () => 'destroyed');
  try {
    const begin = performance.now();
    const { gpuMs } = await solve(gpu, field, plan, { latents: { batch, seed } });
    const total = performance.now() - begin;
    const known = Object.values(took).reduce((sum, ms) => sum + ms, 0);
    return { ...took, rest: total - known, total, ...(gpuMs !== undefined && { gpuMs }) };
  } finally {
    for (const undo of restore) undo();
  }
}
