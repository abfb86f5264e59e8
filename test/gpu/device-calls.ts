import type { Gpu } from '../../src/gpu/gpu.js';

const MAKES = [
  'createBuffer',
  'createBindGroup',
  'createBindGroupLayout',
  'createShaderModule',
  'createComputePipelineAsync',
  'createCommandEncoder',
] as const;

/** How often each call was made: those that make something, submits, and of buffers readbacks and ends. */
export type DeviceCalls = Record<(typeof MAKES)[number] | 'submit' | 'mapAsync' | 'destroy', number>;

/** Counts what `work` asks of the device, by wrapping its methods meanwhile. */
export async function deviceCalls({ device }: Gpu, work: () => Promise<unknown>): Promise<DeviceCalls> {
  const calls = Object.fromEntries(
    [...MAKES, 'submit', 'mapAsync', 'destroy'].map((name) => [name, 0]),
  ) as DeviceCalls;
  const restore: (() => void)[] = [];
  const count = (object: object, name: keyof DeviceCalls) => {
    const methods = object as Record<string, (...given: unknown[]) => unknown>;
    const original = methods[name];
    methods[name] = function counted(this: unknown, ...given: unknown[]) {
      calls[name]++;
      return original.apply(this, given);
    };
    restore.push(() => {
      methods[name] = original;
    });
  };
  const { queue } = device;
  const probe = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
  for (const name of MAKES) count(device, name);
  count(queue, 'submit');
  probe.destroy();
  for (const name of ['mapAsync', 'destroy'] as const) count(Object.getPrototypeOf(probe), name);
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return calls;
}
