import { folded } from '../../src/gpu/dispatch.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { BandwidthSubject } from './bandwidth-subject.js';

/**
 * Copies of one buffer to another by the queue's own command.
 * @param bytes of one copy
 * @param regions how many there are of that size, in turn
 */
export function copySubject(gpu: Gpu, bytes: number, regions: number): BandwidthSubject {
  const { COPY_SRC, COPY_DST } = GPUBufferUsage;
  // Without alignment a copy is refused.
  const each = Math.floor(bytes / 4) * 4;
  const from = gpu.buffer('copied from', COPY_SRC, each * regions);
  const to = gpu.buffer('copied to', COPY_DST, each * regions);
  return {
    name: 'copy (command)',
    bytes: 2 * each,
    record(encoder, count) {
      for (let i = 0; i < count; i++) {
        const offset = each * (i % regions);
        encoder.copyBufferToBuffer(from, offset, to, offset, each);
      }
    },
    destroy() {
      from.destroy();
      to.destroy();
    },
  };
}

/** The same by shaders/bench/copy.wgsl. @param bytes a multiple of 256 that a binding can have */
export async function copyKernelSubject(gpu: Gpu, bytes: number, regions: number): Promise<BandwidthSubject> {
  const { STORAGE } = GPUBufferUsage;
  const kernel = await gpu.kernel('bench/copy');
  const from = gpu.buffer('copied from', STORAGE, bytes * regions);
  const to = gpu.buffer('copied to', STORAGE, bytes * regions);
  const groups = Array.from({ length: regions }, (_, i) => {
    const region = (buffer: GPUBuffer) => ({ buffer, offset: i * bytes, size: bytes });
    return kernel.bind({ copied: region(from), results: region(to) });
  });
  return {
    name: 'copy (kernel)',
    bytes: 2 * bytes,
    record(encoder, count) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(kernel.pipeline);
      for (let i = 0; i < count; i++) {
        pass.setBindGroup(0, groups[i % regions]);
        pass.dispatchWorkgroups(...folded(Math.ceil(bytes / 16 / 64)));
      }
      pass.end();
    },
    destroy() {
      from.destroy();
      to.destroy();
    },
  };
}
