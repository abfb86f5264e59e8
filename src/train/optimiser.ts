import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { NORM_PARTS } from './buffers.js';

const KERNELS = ['train/norm', 'train/measure', 'train/update'] as const;
type OptimiserKernel = (typeof KERNELS)[number];

/** What an optimiser reads and writes besides what it keeps itself. */
export interface OptimiserBuffers {
  parameters: GPUBuffer;
  /** Of the parameters. */
  gradient: GPUBuffer;
  /** Of each trajectory of a batch; their mean goes into the history. */
  losses: GPUBuffer;
  /** Struct Figures of shaders/train/figures.wgsl. Optimisers that share it stop together at what is not finite. */
  figures: GPUBuffer;
  /** Structs Step of shaders/train/step.wgsl, at dynamic offsets. */
  operation: GPUBuffer;
}

/** What an optimiser keeps of each parameter, [parameterLayout.size] each. */
export interface Moments {
  /** Moving average of the parameters. */
  average: Float32Array;
  /** Moving averages of the gradient and of its square: Adam's moments. */
  first: Float32Array;
  second: Float32Array;
}

/** Clipping, Adam and the average of one set of parameters, whose updates follow each other without the host. */
export class Optimiser {
  private constructor(
    private readonly kernels: Record<OptimiserKernel, Kernel>,
    private readonly groups: Record<OptimiserKernel, GPUBindGroup>,
    private readonly quads: number,
    /** Moving average of the parameters; moving averages of the gradient and of its square. */
    readonly kept: Readonly<Record<keyof Moments, GPUBuffer>>,
    /** Of the gradient's squared norm, [NORM_PARTS]. */
    readonly parts: GPUBuffer,
  ) {}

  /** @param start where the moments and the average begin; at 0 by default */
  static async create(gpu: Gpu, buffers: OptimiserBuffers, start?: Moments): Promise<Optimiser> {
    const compiled = await Promise.all(KERNELS.map((name) => gpu.kernel(name)));
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const { size } = buffers.parameters;
    const buffer = (label: string, values?: Float32Array) =>
      gpu.buffer(label, STORAGE | COPY_SRC | COPY_DST, values ?? size);
    const kept = {
      average: buffer('average of the parameters', start?.average),
      first: buffer('first moments', start?.first),
      second: buffer('second moments', start?.second),
    };
    const parts = gpu.buffer("parts of the gradient's norm", STORAGE, 4 * NORM_PARTS);
    const shared = { ...buffers, ...kept, parts };
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(KERNELS.map((name, i) => [name, values[i]])) as Record<OptimiserKernel, T>;
    const groups = compiled.map((kernel) => kernel.bind(shared));
    return new Optimiser(byName(compiled), byName(groups), size / 16, kept, parts);
  }

  /** Bytes on the device. */
  get allocated(): number {
    return this.buffers.reduce((sum, { size }) => sum + size, 0);
  }

  /** Writes struct Step of shaders/train/step.wgsl. */
  pack(step: StructValue, target: ArrayBuffer, offset: number): void {
    this.kernels['train/update'].layout.pack('operation', step, target, offset);
  }

  /** Records an update from the gradient and the losses at hand. @param offset of its step */
  record(pass: GPUComputePassEncoder, offset: number): void {
    this.dispatch(pass, 'train/norm', NORM_PARTS, []);
    this.dispatch(pass, 'train/measure', 1, [offset]);
    this.dispatch(pass, 'train/update', Math.ceil(this.quads / 64), [offset]);
  }

  destroy(): void {
    for (const buffer of this.buffers) buffer.destroy();
  }

  private get buffers(): GPUBuffer[] {
    return [...Object.values(this.kept), this.parts];
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: OptimiserKernel,
    groups: number,
    offsets: number[],
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], offsets);
    pass.dispatchWorkgroups(...folded(groups));
  }
}
