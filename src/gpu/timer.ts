import type { Gpu } from './gpu.js';

/** Which ends of a pass are timed; what has neither is not. */
export interface PassEnds {
  begin: boolean;
  end: boolean;
}

const BOTH: PassEnds = { begin: true, end: true };

/** Measures the passes of one encoder after another by a pair of timestamps; does nothing without the feature. */
export class PassTimer {
  private readonly queries?: GPUQuerySet;
  private readonly resolved?: GPUBuffer;
  private readonly staging?: GPUBuffer;
  private ended = true;

  constructor(gpu: Gpu) {
    if (!gpu.device.features.has('timestamp-query')) return;
    this.queries = gpu.device.createQuerySet({ type: 'timestamp', count: 2 });
    this.resolved = gpu.buffer('timestamps', GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC, 16);
    this.staging = gpu.buffer('timestamps (readback)', GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, 16);
  }

  /**
   * The descriptor of the pass to measure.
   * @param ends where the time between two passes is wanted: the begin of the one, the end of the other
   */
  begin({ begin, end }: PassEnds = BOTH): GPUComputePassDescriptor {
    this.ended = end;
    if (!this.queries || !(begin || end)) return {};
    return {
      timestampWrites: {
        querySet: this.queries,
        ...(begin && { beginningOfPassWriteIndex: 0 }),
        ...(end && { endOfPassWriteIndex: 1 }),
      },
    };
  }

  /** Records the readback, after a pass whose end is timed. */
  end(encoder: GPUCommandEncoder): void {
    if (!this.ended || !this.queries || !this.resolved || !this.staging) return;
    encoder.resolveQuerySet(this.queries, 0, 2, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, this.staging, 0, 16);
  }

  /** Milliseconds of the pass that was submitted, or undefined where the clock gives no positive time. */
  async read(): Promise<number | undefined> {
    if (!this.staging) return undefined;
    await this.staging.mapAsync(GPUMapMode.READ);
    const [begin, end] = new BigUint64Array(this.staging.getMappedRange());
    this.staging.unmap();
    return end > begin ? Number(end - begin) / 1e6 : undefined;
  }

  destroy(): void {
    this.queries?.destroy();
    this.resolved?.destroy();
    this.staging?.destroy();
  }
}
