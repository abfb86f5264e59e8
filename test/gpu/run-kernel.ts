import type { Kernel } from '../../src/gpu/kernel.js';
import type { StructValue } from '../../src/gpu/layout.js';
import { gpu } from '../device.js';

/**
 * Runs one kernel alone and reads back the buffer named `output`.
 * @param buffers contents of the bindings by their WGSL names, without `operation`
 * @param operation its uniform
 * @param groups workgroups to dispatch
 * @param uniforms besides `operation`, by their WGSL names
 */
export async function runKernel(
  kernel: Kernel,
  buffers: Record<string, Float32Array | Uint32Array>,
  operation: StructValue | undefined,
  groups: readonly [x: number, y: number],
  output: string,
  uniforms: Record<string, StructValue> = {},
): Promise<ArrayBuffer> {
  const { STORAGE, UNIFORM, COPY_SRC } = GPUBufferUsage;
  const bound = Object.fromEntries(
    Object.entries(buffers).map(([name, content]) => [name, gpu.buffer(name, STORAGE | COPY_SRC, content)]),
  );
  if (operation)
    bound.operation = gpu.buffer('operation', UNIFORM, kernel.layout.pack('operation', operation));
  for (const [name, value] of Object.entries(uniforms))
    bound[name] = gpu.buffer(name, UNIFORM, kernel.layout.pack(name, value));
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.bind(bound), operation ? [0] : []);
  pass.dispatchWorkgroups(...groups);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
  const result = await gpu.read(bound[output]);
  for (const buffer of Object.values(bound)) buffer.destroy();
  return result;
}
