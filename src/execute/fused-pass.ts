import type { BoundFused } from '../field/fused.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import { drawStruct, type NoiseKey } from '../rng/draw.js';
import { SOLVER_STREAM } from '../rng/streams.js';
import type { Plan } from '../solver/plan.js';
import type { FusedMemory, FusedPlan } from './fused-plan.js';
import { fusedTurns } from './fused-turns.js';
import { checkConstants } from './inputs.js';
import type { PlanRecorder } from './plan-pass.js';

interface FusedBuffers {
  slots: GPUBuffer;
  /** With a predictor its answers stand behind the columns. */
  columns: GPUBuffer;
  status: GPUBuffer;
  /** Of a predictor: its parameters, and what the field's evaluations show it. */
  weights?: GPUBuffer;
  features?: GPUBuffer;
}

/** Struct Run of shaders/fused/plan.wgsl, without what differs from chunk to chunk. */
interface RunUniform {
  turns: number;
  places: number;
  stride: number;
  room: number;
  quads: number;
}

/** A whole plan in one dispatch, over the buffers of one run: compiled and bound once. */
export class FusedPass implements PlanRecorder {
  evaluations = 0;
  readonly tell: PlanRecorder['tell'];

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernel: Kernel,
    private readonly uniform: RunUniform,
    private readonly counts: { evaluations: number; group: number },
    private readonly own: { run: GPUBuffer; turns: GPUBuffer; asked?: GPUBuffer; center?: GPUBuffer },
    private readonly group: GPUBindGroup,
    private readonly bound: BoundFused | undefined,
  ) {
    this.tell = bound?.tell;
  }

  /**
   * Compiles what is not compiled yet, and writes the plan's turns and constants.
   * @param stride numbers from one place of memory to the next
   * @param capacity trajectories there is room for
   * @throws FewstepError bad-shape for a constant of another dimension, not-finite
   */
  static async create(
    gpu: Gpu,
    fused: FusedPlan,
    plan: Plan,
    dim: number,
    { memory, stride, capacity }: { memory: FusedMemory; stride: number; capacity: number },
    { weights, ...buffers }: FusedBuffers,
  ): Promise<FusedPass> {
    checkConstants(plan, dim);
    const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
    const kernel = await fused.field.kernel(fused.variant);
    const constants = plan.operations.filter((operation) => operation.kind === 'constant');
    const constantAt = (n: number) => (memory.constants + n) * stride;
    const { count, evaluations, packed } = packedTurns(kernel, fused, memory, stride);
    const register = (slot: number) => fused.registers[slot];
    const { asking } = fused;
    for (const [n, { values }] of constants.entries()) {
      gpu.device.queue.writeBuffer(buffers.slots, 4 * constantAt(n), Float32Array.from(values));
    }
    const uniform = {
      turns: count,
      places: memory.own * stride,
      stride,
      room: fused.variant.places,
      quads: Math.ceil(dim / 4),
    };
    const own = {
      run: gpu.buffer('run', UNIFORM | COPY_DST, packedRun(kernel, uniform, 0)),
      turns: gpu.buffer('plan', STORAGE, packed),
      ...(asking && {
        asked: gpu.buffer(
          'turns of the predictor',
          STORAGE,
          packedRows(kernel, 'asked', asking.asked(register)),
        ),
        center: gpu.buffer('mean of the data', STORAGE, asking.center),
      }),
    };
    const bound = fused.field.bound?.(capacity);
    const group = kernel.bind({
      ...buffers,
      ...own,
      ...fused.field.buffers,
      ...bound?.buffers,
      ...(weights && { predictor_weights: weights }),
    });
    const counts = { evaluations, group: fused.field.group(fused.variant) };
    return new FusedPass(gpu, kernel, uniform, counts, own, group, bound);
  }

  pack(_target: ArrayBuffer, trajectories: number, key?: NoiseKey): void {
    const run = packedRun(this.kernel, this.uniform, trajectories, key);
    this.gpu.device.queue.writeBuffer(this.own.run, 0, run);
  }

  record(pass: GPUComputePassEncoder, trajectories: number): void {
    pass.setPipeline(this.kernel.pipeline);
    pass.setBindGroup(0, this.group);
    pass.dispatchWorkgroups(...folded(Math.ceil(trajectories / this.counts.group)));
    this.evaluations = this.counts.evaluations;
    this.gpu.work.evaluations += trajectories * this.counts.evaluations;
  }

  destroy(): void {
    this.bound?.destroy();
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }
}

/** A plan's turns as its kernel reads them. */
interface PackedTurns {
  count: number;
  evaluations: number;
  packed: ArrayBuffer;
}

/** Those of the run before, by the plan that the kernel runs: the same plan is often solved many times. */
const lastTurns = new WeakMap<Plan, { kernel: Kernel; key: string; turns: PackedTurns }>();

function packedTurns(kernel: Kernel, fused: FusedPlan, memory: FusedMemory, stride: number): PackedTurns {
  const key = JSON.stringify([stride, memory.constants, memory.place]);
  const last = fused.asking ? undefined : lastTurns.get(fused.plan);
  if (last && last.kernel === kernel && last.key === key) return last.turns;
  const rows = turnsOf(fused, memory, stride);
  const turns = {
    count: rows.length,
    evaluations: rows.filter((turn) => turn.evaluates === 1).length,
    packed: packedRows(kernel, 'turns', rows),
  };
  if (!fused.asking) lastTurns.set(fused.plan, { kernel, key, turns });
  return turns;
}

/** The turns of a plan, over places of memory that are `stride` numbers apart. */
export function turnsOf(
  { plan, registers, variant, asking }: FusedPlan,
  memory: FusedMemory,
  stride: number,
): ReturnType<typeof fusedTurns> {
  return fusedTurns(plan, {
    places: variant.places,
    register: (slot) => registers[slot],
    wantedAt: (slot) => Math.max(0, memory.place[slot]) * stride,
    constantAt: (n) => (memory.constants + n) * stride,
    ...(asking && { askedAfter: asking.after }),
  });
}

function packedRun(
  kernel: Kernel,
  uniform: RunUniform,
  trajectories: number,
  key: NoiseKey = { seed: 0, first: 0 },
): ArrayBuffer {
  return kernel.layout.pack('run', { ...uniform, trajectories, draw: drawStruct(key, SOLVER_STREAM, 0) });
}

function packedRows(kernel: Kernel, binding: string, rows: StructValue[]): ArrayBuffer {
  const packed = new ArrayBuffer(rows.length * kernel.layout.stride(binding));
  kernel.layout.pack(binding, rows, packed);
  return packed;
}
