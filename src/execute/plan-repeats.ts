import type { BatchBuffers } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { Evaluate, Plan } from '../solver/plan.js';
import type { PartEvaluation, PartEvaluations } from './asking.js';
import type { PlanPlaces } from './plan-pass.js';

/** What fills up evaluations that not all trajectories asked for, bound to the buffers of a run. */
export class PlanRepeats {
  private constructor(
    private readonly kernel: Kernel,
    private readonly group: GPUBindGroup,
    private readonly plan: Plan,
    private readonly places: PlanPlaces,
    private readonly parts: PartEvaluations,
  ) {}

  static async create(
    gpu: Gpu,
    plan: Plan,
    places: PlanPlaces,
    { slots, operation }: BatchBuffers,
    parts: PartEvaluations,
  ): Promise<PlanRepeats> {
    const kernel = await gpu.kernel('update/repeat');
    return new PlanRepeats(kernel, kernel.bind({ slots, operation }), plan, places, parts);
  }

  /** Who asks for an evaluation; of one that all ask for nothing. */
  part(operation: number): PartEvaluation | undefined {
    return this.parts.evaluations.get(operation);
  }

  /** Writes the uniforms, which stand behind those of the plan. */
  pack(target: ArrayBuffer, trajectories: number): void {
    const { dim, start } = this.places;
    for (const [i, { count }] of this.parts.evaluations) {
      const value = {
        slot: start((this.plan.operations[i] as Evaluate).out),
        first: (count * dim) / 4,
        end: (trajectories * dim) / 4,
        period: (this.parts.period * dim) / 4,
      };
      this.kernel.layout.pack('operation', value, target, this.uniform(i));
    }
  }

  /** Records what an evaluation still lacks. */
  encode(pass: GPUComputePassEncoder, operation: number, trajectories: number): void {
    const part = this.part(operation);
    if (!part) return;
    pass.setPipeline(this.kernel.pipeline);
    pass.setBindGroup(0, this.group, [this.uniform(operation)]);
    pass.dispatchWorkgroups(...folded(Math.ceil(((trajectories - part.count) * this.places.dim) / 4 / 64)));
  }

  private uniform(operation: number): number {
    const nth = [...this.parts.evaluations.keys()].indexOf(operation);
    return this.places.uniform(this.plan.operations.length + nth);
  }
}
