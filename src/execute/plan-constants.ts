import type { BatchBuffers } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { Constant, Plan } from '../solver/plan.js';
import { checkConstants } from './inputs.js';

/** The constants of a plan on the device, and the kernel that writes one into a slot. */
export class PlanConstants {
  private constructor(
    private readonly kernel: Kernel,
    private readonly dim: number,
    private readonly operations: readonly Constant[],
    private readonly values: GPUBuffer,
    private readonly group: GPUBindGroup,
  ) {}

  /**
   * @returns none for a plan without constants
   * @throws FewstepError bad-shape for a constant of another dimension, not-finite
   */
  static async create(
    gpu: Gpu,
    plan: Plan,
    dim: number,
    { slots, operation }: BatchBuffers,
  ): Promise<PlanConstants | undefined> {
    checkConstants(plan, dim);
    const operations = plan.operations.filter((candidate) => candidate.kind === 'constant');
    if (operations.length === 0) return undefined;
    const kernel = await gpu.kernel('update/constant');
    const all = Float32Array.from(operations.flatMap(({ values }) => values));
    const constants = gpu.buffer('constants', GPUBufferUsage.STORAGE, all);
    const group = kernel.bind({ slots, constants, operation });
    return new PlanConstants(kernel, dim, operations, constants, group);
  }

  /** Writes the uniform of one of the plan's constants. */
  pack(
    operation: Constant,
    place: { output: number; count: number },
    target: ArrayBuffer,
    offset: number,
  ): void {
    const first = this.dim * this.operations.indexOf(operation);
    this.kernel.layout.pack('operation', { ...place, dim: this.dim, first }, target, offset);
  }

  /** Sets what a dispatch needs, its uniform at a dynamic offset. */
  bind(pass: GPUComputePassEncoder, offset: number): void {
    pass.setPipeline(this.kernel.pipeline);
    pass.setBindGroup(0, this.group, [offset]);
  }

  destroy(): void {
    this.values.destroy();
  }
}
