import { folded } from '../gpu/dispatch.js';
import type { Kernel } from '../gpu/kernel.js';
import type { BatchBuffers, BoundField, PreparedField } from './field.js';

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

/** The workgroups of a kernel whose 64 invocations take a number each. */
export function numberGroups(numbers: number): [x: number, y: number] {
  return folded(Math.ceil(numbers / 64));
}

/**
 * A kernel that owns nothing but what it is bound to, as a field: one dispatch.
 * @param share trajectories of a workgroup, or the workgroups of a batch
 */
export function boundKernel(
  kernel: Kernel,
  buffers: Parameters<Kernel['bind']>[0],
  share: number | ((trajectories: number) => [x: number, y: number]) = 64,
): BoundField {
  const group = kernel.bind(buffers);
  return {
    encode(pass, offset, count) {
      pass.setPipeline(kernel.pipeline);
      pass.setBindGroup(0, group, [offset]);
      pass.dispatchWorkgroups(
        ...(typeof share === 'number' ? folded(Math.ceil(count / share)) : share(count)),
      );
    },
    destroy() {},
  };
}
