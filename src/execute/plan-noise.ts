import type { BatchBuffers } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { SOLVER_STREAM } from '../rng/streams.js';
import { isStochastic, type Noise, type Plan, type Slot } from '../solver/plan.js';

/** Which random numbers a chunk of a batch draws. */
export interface NoiseKey {
  /** A whole number from 0 to 2^53 - 1. */
  seed: number;
  /** Index of the chunk's first trajectory within the batch. */
  first: number;
}

/** struct Draw of shaders/rng/noise.wgsl. */
export function drawStruct({ seed, first }: NoiseKey, stream: number, step: number): StructValue {
  return {
    first_trajectory: first,
    seed_low: seed >>> 0,
    seed_high: Math.floor(seed / 2 ** 32) >>> 0,
    step,
    stream,
  };
}

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
