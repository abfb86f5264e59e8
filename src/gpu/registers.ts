import type { Gpu } from './gpu.js';

/**
 * Whether a lane has about 256 registers of 32 bits, as on AMD's and NVIDIA's GPUs. Intel's have 64 a lane, as Dawn asks for
 * subgroups of 16, or of 32 where registers are twice as wide; so have Arm's, and of others nothing was found out.
 */
export function hasManyRegisters({ adapter }: Gpu): boolean {
  return adapter.vendor === 'amd' || adapter.vendor === 'nvidia';
}
