import type { Gpu } from '../gpu/gpu.js';
import type { BatchBuffers, OutsideEvaluation } from './field.js';

/** The way of states, and of what the field is to be told with them, to the host. */
export class OutsideReadback {
  private readonly staging: GPUBuffer;

  /** @param dim numbers of a state that are read; 0 for sigmas alone */
  constructor(
    private readonly gpu: Gpu,
    private readonly batch: Pick<BatchBuffers, 'slots' | 'columns' | 'capacity'>,
    private readonly dim: number,
  ) {
    const { MAP_READ, COPY_DST } = GPUBufferUsage;
    const size = OutsideReadback.bytes(dim, batch.capacity);
    this.staging = gpu.buffer('states (readback)', MAP_READ | COPY_DST, size);
  }

  static bytes(dim: number, capacity: number): number {
    return 4 * capacity * (dim + 1);
  }

  /**
   * Submits what was recorded, and waits for it.
   * @returns states [count, dim], sigmas [count]
   */
  async read(
    encoder: GPUCommandEncoder,
    { state, sigma, count }: OutsideEvaluation,
  ): Promise<{ states: Float32Array; sigmas: Float32Array }> {
    const { gpu, batch, staging, dim } = this;
    const numbers = count * dim;
    if (numbers > 0) encoder.copyBufferToBuffer(batch.slots, 4 * state, staging, 0, 4 * numbers);
    if (typeof sigma !== 'number') {
      // A predictor on the device may have written them.
      encoder.copyBufferToBuffer(batch.columns, 4 * sigma.column * count, staging, 4 * numbers, 4 * count);
    }
    gpu.device.queue.submit([encoder.finish()]);
    const bytes = 4 * (numbers + count);
    await gpu.settle(staging.mapAsync(GPUMapMode.READ, 0, bytes));
    const read = new Float32Array(staging.getMappedRange(0, bytes).slice(0));
    staging.unmap();
    const states = read.subarray(0, numbers);
    if (typeof sigma === 'number') return { states, sigmas: new Float32Array(count).fill(sigma) };
    return { states, sigmas: read.subarray(numbers).map((value) => sigma.offset + sigma.scale * value) };
  }

  destroy(): void {
    this.staging.destroy();
  }
}
