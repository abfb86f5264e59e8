import type { Gpu } from '../../src/gpu/gpu.js';

/** Bytes of buffers. */
export interface AllocatedBytes {
  /** Of all that were made. */
  made: number;
  /** The most that were there at once, of those. */
  peak: number;
}

/** Counts the buffers that `work` makes and destroys, by wrapping the device meanwhile. */
export async function allocatedBytes({ device }: Gpu, work: () => Promise<unknown>): Promise<AllocatedBytes> {
  const { createBuffer } = device;
  let [made, live, peak] = [0, 0, 0];
  device.createBuffer = function counted(this: GPUDevice, descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    let { size } = buffer;
    made += size;
    live += size;
    peak = Math.max(peak, live);
    const { destroy } = buffer;
    buffer.destroy = function destroyed(this: GPUBuffer) {
      live -= size;
      size = 0; // destroying twice frees nothing
      return destroy.call(this);
    };
    return buffer;
  };
  try {
    await work();
  } finally {
    device.createBuffer = createBuffer;
  }
  return { made, peak };
}
