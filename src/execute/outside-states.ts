import type { Gpu } from '../gpu/gpu.js';
import type { Scalar } from '../solver/plan.js';

/** States on their way to a field that is computed outside of the device. */
export class OutsideStates {
  private readonly staging: GPUBuffer;

  constructor(
    private readonly gpu: Gpu,
    private readonly buffers: { slots: GPUBuffer; columns: GPUBuffer },
    private readonly size: { dim: number; capacity: number; signal?: AbortSignal },
  ) {
    const { MAP_READ, COPY_DST } = GPUBufferUsage;
    const { dim, capacity } = size;
    this.staging = gpu.buffer('states (readback)', MAP_READ | COPY_DST, 4 * capacity * (dim + 1));
  }

  /**
   * Submits what was recorded, and waits for some states and what the field is to be told with them.
   * @param start of the first state in the slots, bytes
   * @returns states [count, dim], sigmas [count]
   */
  async read(
    encoder: GPUCommandEncoder,
    start: number,
    time: Scalar,
    count: number,
  ): Promise<{ states: Float32Array; sigmas: Float32Array }> {
    const { gpu, staging, buffers } = this;
    const { dim, signal } = this.size;
    const numbers = count * dim;
    const bytes = 4 * (numbers + count);
    encoder.copyBufferToBuffer(buffers.slots, start, staging, 0, 4 * numbers);
    if (typeof time !== 'number') {
      // A predictor on the device may have written them.
      encoder.copyBufferToBuffer(buffers.columns, 4 * time.column * count, staging, 4 * numbers, 4 * count);
    }
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.settle(staging.mapAsync(GPUMapMode.READ, 0, bytes));
    const read = new Float32Array(staging.getMappedRange(0, bytes).slice(0));
    staging.unmap();
    signal?.throwIfAborted();
    const states = read.subarray(0, numbers);
    if (typeof time === 'number') return { states, sigmas: new Float32Array(count).fill(time) };
    return { states, sigmas: read.subarray(numbers).map((value) => time.offset + time.scale * value) };
  }

  destroy(): void {
    this.staging.destroy();
  }
}
