import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { Plan } from '../solver/plan.js';
import type { FusedPlan } from './fused-plan.js';
import { fusedTurns } from './fused-turns.js';
import { checkConstants } from './inputs.js';
import type { PlanRecorder } from './plan-pass.js';

/** The memory of a fused run: the latents, what is wanted of it, and the plan's constants, each in a place. */
export interface FusedMemory {
  /** The place of each slot that is wanted, the latents' being 0; -1 for the others. */
  place: readonly number[];
  /** Places in all, the constants' being the last. */
  places: number;
  /** Numbers from one place to the next. */
  stride: number;
}

interface FusedBuffers {
  slots: GPUBuffer;
  columns: GPUBuffer;
  status: GPUBuffer;
}

/** A whole plan in one dispatch, over the buffers of one run: compiled and bound once. */
export class FusedPass implements PlanRecorder {
  evaluations = 0;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernel: Kernel,
    private readonly counts: { turns: number; evaluations: number; group: number },
    private readonly own: { run: GPUBuffer; turns: GPUBuffer },
    private readonly group: GPUBindGroup,
  ) {}

  /**
   * Compiles what is not compiled yet, and writes the plan's turns and constants.
   * @throws FewstepError bad-shape for a constant of another dimension, not-finite
   */
  static async create(
    gpu: Gpu,
    fused: FusedPlan,
    plan: Plan,
    dim: number,
    memory: FusedMemory,
    buffers: FusedBuffers,
  ): Promise<FusedPass> {
    checkConstants(plan, dim);
    const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
    const kernel = await fused.field.kernel(fused.variant);
    const constants = plan.operations.filter((operation) => operation.kind === 'constant');
    const constantAt = (n: number) => (memory.places - constants.length + n) * memory.stride;
    const wantedAt = (slot: number) => Math.max(0, memory.place[slot]) * memory.stride;
    const register = (slot: number) => fused.registers[slot];
    const turns = fusedTurns(plan, { places: fused.variant.places, register, wantedAt, constantAt });
    const packed = new ArrayBuffer(turns.length * kernel.layout.stride('turns'));
    kernel.layout.pack('turns', turns, packed);
    for (const [n, { values }] of constants.entries()) {
      gpu.device.queue.writeBuffer(buffers.slots, 4 * constantAt(n), Float32Array.from(values));
    }
    const own = {
      run: gpu.buffer('run', UNIFORM | COPY_DST, 8),
      turns: gpu.buffer('plan', STORAGE, packed),
    };
    const group = kernel.bind({ ...buffers, ...own, ...fused.field.buffers });
    const evaluations = turns.filter((turn) => turn.evaluates === 1).length;
    const counts = { turns: turns.length, evaluations, group: fused.field.group };
    return new FusedPass(gpu, kernel, counts, own, group);
  }

  pack(_target: ArrayBuffer, trajectories: number): void {
    const { turns } = this.counts;
    this.gpu.device.queue.writeBuffer(
      this.own.run,
      0,
      this.kernel.layout.pack('run', { turns, trajectories }),
    );
  }

  record(pass: GPUComputePassEncoder, trajectories: number): void {
    pass.setPipeline(this.kernel.pipeline);
    pass.setBindGroup(0, this.group);
    pass.dispatchWorkgroups(...folded(Math.ceil(trajectories / this.counts.group)));
    this.evaluations = this.counts.evaluations;
  }

  destroy(): void {
    this.own.run.destroy();
    this.own.turns.destroy();
  }
}
