import { FewstepError } from '../errors.js';
import { type KernelLayout, reflectLayout } from './layout.js';
import { type LinkedShader, linkShader, type ShaderVariant } from './link.js';
import type { ShaderName } from './shaders.js';

/** The uniform that each dispatch finds at its own dynamic offset, by the name it has in every kernel. */
const OPERATION = 'operation';

/** A compiled compute pipeline whose layout comes from reflection. */
export class Kernel {
  constructor(
    private readonly device: GPUDevice,
    readonly name: ShaderName,
    readonly pipeline: GPUComputePipeline,
    readonly layout: KernelLayout,
    private readonly groupLayout: GPUBindGroupLayout,
  ) {}

  /**
   * A bind group from buffers by their WGSL names; `operation` is bound with a dynamic offset.
   * @throws Error naming a buffer that is missing
   */
  bind(buffers: Record<string, GPUBuffer | GPUBufferBinding>): GPUBindGroup {
    return this.device.createBindGroup({
      label: this.name,
      layout: this.groupLayout,
      entries: this.layout.bindings.map(({ name, index, size }) => {
        const given = buffers[name];
        if (!given) throw new Error(`kernel '${this.name}' needs a buffer '${name}'`);
        const resource: GPUBufferBinding = 'buffer' in given ? given : { buffer: given };
        return { binding: index, resource: name === OPERATION ? { ...resource, size } : resource };
      }),
    });
  }
}

/** Links, reflects and compiles one kernel; every WGSL error comes back with its own file and line. */
export async function compileKernel(
  device: GPUDevice,
  name: ShaderName,
  variant: ShaderVariant,
): Promise<Kernel> {
  const linked = await linkShader(name, variant);
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: name, code: linked.code });
  const scope = device.popErrorScope();
  const info = await module.getCompilationInfo();
  const errors = info.messages.filter((message) => message.type === 'error');
  if (errors.length > 0) throw compilationError(name, linked, errors);
  await scope;

  const layout = reflectLayout(linked.code);
  const groupLayout = device.createBindGroupLayout({
    label: name,
    entries: layout.bindings.map((binding) => ({
      binding: binding.index,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: binding.type, hasDynamicOffset: binding.name === OPERATION },
    })),
  });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [groupLayout] }),
      compute: { module, entryPoint: layout.entryPoint },
    });
    return new Kernel(device, name, pipeline, layout, groupLayout);
  } catch (cause) {
    throw new FewstepError(
      'shader-compilation',
      `cannot build the pipeline of '${name}': ${(cause as Error).message}`,
      'see `fewstep doctor` for the limits of this adapter',
      { cause },
    );
  }
}

function compilationError(
  name: ShaderName,
  linked: LinkedShader,
  errors: readonly GPUCompilationMessage[],
): FewstepError {
  const lines = errors.map((error) => {
    const { module, line, column } = linked.locate(error.offset);
    return `${module}.wgsl:${line}:${column}: ${error.message}`;
  });
  return new FewstepError(
    'shader-compilation',
    `cannot compile shader '${name}':\n${lines.join('\n')}`,
    'correct the WGSL at the lines named',
  );
}
