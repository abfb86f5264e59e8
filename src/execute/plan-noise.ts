import type { BatchBuffers } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { drawStruct, type NoiseKey } from '../rng/draw.js';
import { SOLVER_STREAM } from '../rng/streams.js';
import { isStochastic, type Noise, type Plan, type Slot } from '../solver/plan.js';

/** The kernel of the operations that draw random numbers, bound to the buffers of a run. */
export class PlanNoise {
  private constructor(
    private readonly kernel: Kernel,
    private readonly dim: number,
    private readonly group: GPUBindGroup,
  ) {}

  /** @returns none for a plan that draws none */
  static async create(
    gpu: Gpu,
    plan: Plan,
    dim: number,
    { slots, status, operation }: BatchBuffers,
  ): Promise<PlanNoise | undefined> {
    if (!isStochastic(plan)) return undefined;
    const kernel = await gpu.kernel('update/noise');
    return new PlanNoise(kernel, dim, kernel.bind({ slots, status, operation }));
  }

  /**
   * Writes the uniform of an operation.
   * @param start where a slot starts, in numbers
   */
  pack(
    operation: Noise,
    place: { trajectories: number; step: number; start: (slot: Slot) => number },
    key: NoiseKey,
    target: ArrayBuffer,
    offset: number,
  ): void {
    const { trajectories, step, start } = place;
    const value = {
      state: start(operation.state),
      output: start(operation.out),
      dim: this.dim,
      trajectories,
      step,
      scale: operation.scale,
      draw: drawStruct(key, SOLVER_STREAM, operation.draw),
    };
    this.kernel.layout.pack('operation', value, target, offset);
  }

  /** Records an operation, its uniform at a dynamic offset. */
  encode(pass: GPUComputePassEncoder, trajectories: number, offset: number): void {
    pass.setPipeline(this.kernel.pipeline);
    pass.setBindGroup(0, this.group, [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil((trajectories * Math.ceil(this.dim / 4)) / 64)));
  }
}
