import type { Gpu } from './gpu.js';

/** Which ends of a pass are timed; what has neither is not. */
export interface PassEnds {
  begin: boolean;
  end: boolean;
}

const BOTH: PassEnds = { begin: true, end: true };

/** Of the pair of timestamps. */
export const TIMESTAMP_BYTES = 16;

/** Milliseconds of a pass, or undefined where the clock gives no positive time. */
export function passMs([begin, end]: BigUint64Array): number | undefined {
  return end > begin ? Number(end - begin) / 1e6 : undefined;
}

/** Measures the passes of one encoder after another by a pair of timestamps; does nothing without the feature. */
export class PassTimer {
  private readonly queries?: GPUQuerySet;
  private readonly resolved?: GPUBuffer;
  private readonly staging?: GPUBuffer;
  private ended = true;

  /** @param into where timestamps go to be read with other things; by default a buffer of their own, which `read` reads */
  constructor(
    gpu: Gpu,
    private readonly into?: { buffer: GPUBuffer; offset: number },
  ) {
    if (!gpu.device.features.has('timestamp-query')) return;
    this.queries = gpu.device.createQuerySet({ type: 'timestamp', count: 2 });
    this.resolved = gpu.buffer(
      'timestamps',
      GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      TIMESTAMP_BYTES,
    );
    if (into) return;
    this.staging = gpu.buffer(
      'timestamps (readback)',
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      TIMESTAMP_BYTES,
    );
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
    const { buffer, offset } = this.into ?? { buffer: this.staging, offset: 0 };
    if (!this.ended || !this.queries || !this.resolved || !buffer) return;
    encoder.resolveQuerySet(this.queries, 0, 2, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, buffer, offset, TIMESTAMP_BYTES);
  }

  /** Milliseconds of the pass that was submitted, or undefined where the clock gives no positive time. */
  async read(): Promise<number | undefined> {
    if (!this.staging) return undefined;
    await this.staging.mapAsync(GPUMapMode.READ);
    const ms = passMs(new BigUint64Array(this.staging.getMappedRange()));
    this.staging.unmap();
    return ms;
  }

  destroy(): void {
    this.queries?.destroy();
    this.resolved?.destroy();
    this.staging?.destroy();
  }
}
