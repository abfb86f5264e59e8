import type { Gpu } from '../../src/gpu/gpu.js';

/** How long a submit took. */
export interface Time {
  /** From the submit until the host knows of its end, milliseconds. */
  wallMs: number;
  /** By the GPU's own clock, milliseconds, where it has one that makes sense. */
  gpuMs?: number;
}

/** Times what an encoder records, copies as well as passes: an empty pass before and one behind write timestamps. */
export class Clock {
  private readonly queries?: GPUQuerySet;
  private readonly resolved?: GPUBuffer;

  constructor(private readonly gpu: Gpu) {
    if (!gpu.features.has('timestamp-query')) return;
    this.queries = gpu.device.createQuerySet({ type: 'timestamp', count: 2 });
    this.resolved = gpu.buffer('timestamps', GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC, 16);
  }

  /** Submits what `record` records, and waits for its end. */
  async time(record: (encoder: GPUCommandEncoder) => void): Promise<Time> {
    const { device } = this.gpu;
    const { queries, resolved } = this;
    const encoder = device.createCommandEncoder();
    const stamp = (which: Omit<GPUComputePassTimestampWrites, 'querySet'>) => {
      if (queries) encoder.beginComputePass({ timestampWrites: { querySet: queries, ...which } }).end();
    };
    stamp({ beginningOfPassWriteIndex: 0 });
    record(encoder);
    stamp({ endOfPassWriteIndex: 1 });
    if (queries && resolved) encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
    const commands = encoder.finish();
    const begin = performance.now();
    device.queue.submit([commands]);
    await this.gpu.settle(device.queue.onSubmittedWorkDone());
    const wallMs = performance.now() - begin;
    if (!resolved) return { wallMs };
    const [first, last] = new BigUint64Array(await this.gpu.read(resolved));
    const gpuMs = Number(last - first) / 1e6;
    // Part of the wall time it cannot exceed, unless its clock is not one of nanoseconds.
    return gpuMs > 0 && gpuMs <= wallMs ? { wallMs, gpuMs } : { wallMs };
  }

  destroy(): void {
    this.queries?.destroy();
    this.resolved?.destroy();
  }
}

/** The GPU's time, or the wall time where there is none. */
export function ofGpu({ wallMs, gpuMs }: Time): number {
  return gpuMs ?? wallMs;
}
