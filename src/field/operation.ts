import type { Kernel } from '../gpu/kernel.js';
import type { BatchBuffers, PreparedField } from './field.js';

/** What a field tells the executor about the uniform of its evaluations, or of its products. */
export function operationOf(kernel: Kernel): Pick<PreparedField, 'operationSize' | 'pack'> {
  return {
    operationSize: kernel.layout.bindings.find((binding) => binding.name === 'operation')!.size,
    pack: (value, target, offset) => void kernel.layout.pack('operation', value, target, offset),
  };
}

/** The buffers of a run by their names in the shaders. */
export function shared({
  slots,
  columns,
  operation,
}: Pick<BatchBuffers, 'slots' | 'columns' | 'operation'>): Record<string, GPUBuffer> {
  return { slots, columns, operation };
}
