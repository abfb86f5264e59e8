import { Gpu } from '../../src/gpu/gpu.js';
import { gpu } from '../device.js';

/** This file's device, as if its bindings and buffers could hold no more than so many bytes. */
export function smallGpu(bytes: number): Gpu {
  const limits = { maxStorageBufferBindingSize: bytes, maxBufferSize: gpu.limits.maxBufferSize };
  return new (class extends Gpu {
    override get limits() {
      return limits as GPUSupportedLimits;
    }
  })(gpu.device, gpu.adapter);
}
