import { Gpu } from '../../src/gpu/gpu.js';
import { gpu } from '../device.js';

/** This file's device, as if its bindings and buffers could hold no more than so many bytes. */
export function smallGpu(bytes: number): Gpu {
  const limits = { maxStorageBufferBindingSize: bytes, maxBufferSize: gpu.limits.maxBufferSize };
  return new (class extends Gpu {
    override get limits() {
      return limits as GPUSupportedLimits;
    }
    // What is compiled serves both.
    override kernel: Gpu['kernel'] = (name, variant) => gpu.kernel(name, variant);
  })(gpu.device, gpu.adapter);
}
