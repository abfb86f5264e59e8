import { PlanPass, uniformStride } from '../../src/execute/plan-pass.js';
import type { PreparedField } from '../../src/field/field.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { random } from '../../src/rng/random.js';
import { nfeOf, type Operation, type Plan, perTrajectory, type Slot } from '../../src/solver/plan.js';
import type { BandwidthSubject } from '../adapter/bandwidth-subject.js';

/** One kind of update. */
export interface UpdateCase {
  name: string;
  /** Slots that it reads. */
  inputs: number;
  /** Per-trajectory columns that it reads. */
  columns: number;
  operation(inputs: readonly Slot[], out: Slot): Operation;
}

/** Small, so that thousands of updates on each other stay finite. */
const STEP = 1e-4;

/** What plans are made of, evaluations aside. Of coefficients only euler_at's are per trajectory: AMED's. */
export const UPDATES: readonly UpdateCase[] = [
  combination('euler', [1, STEP]),
  combination('heun', [1, STEP / 2, STEP / 2]),
  eulerAt('euler_at', 0),
  eulerAt('euler_at, per trajectory', 2),
  ...[2, 3, 4, 6].map((terms) =>
    combination(
      `combine, ${terms} terms`,
      Array.from({ length: terms }, (_, i) => (i === 0 ? 1 - STEP : STEP * (i + 1))),
    ),
  ),
  {
    name: 'noise',
    inputs: 1,
    columns: 0,
    operation: ([state], out) => ({ kind: 'noise', state, scale: STEP, draw: out, out }),
  },
];

function combination(name: string, coefficients: readonly number[]): UpdateCase {
  return {
    name,
    inputs: coefficients.length,
    columns: 0,
    operation: (inputs, out) => ({
      kind: 'combine',
      terms: coefficients.map((coefficient, i) => ({ coefficient, slot: inputs[i] })),
      out,
    }),
  };
}

function eulerAt(name: string, columns: 0 | 2): UpdateCase {
  const [at, scale] = columns === 0 ? [STEP, 1] : [perTrajectory(0, STEP), perTrajectory(1)];
  return {
    name,
    inputs: 2,
    columns,
    operation: ([state, velocity], out) => ({ kind: 'euler-at', state, velocity, start: 0, at, scale, out }),
  };
}

/** A field for plans that evaluate none. */
const noField: PreparedField = {
  operationSize: 0,
  pack: () => {},
  bind: () => ({ encode: () => {}, destroy: () => {} }),
};

const COLUMNS = 2;

/** Slots full of normal numbers, for updates as the stepwise executor dispatches them. */
export class UpdateSlots {
  private readonly buffers: Record<'slots' | 'columns' | 'status', GPUBuffer>;

  private constructor(
    private readonly gpu: Gpu,
    private readonly dim: number,
    private readonly trajectories: number,
    readonly slots: number,
  ) {
    const { STORAGE, COPY_SRC } = GPUBufferUsage;
    const draw = random(1);
    const columns = Float32Array.from({ length: COLUMNS * trajectories }, () => draw.between(0.5, 1));
    this.buffers = {
      slots: gpu.buffer('slots', STORAGE | COPY_SRC, slots * this.slotBytes),
      columns: gpu.buffer('columns', STORAGE, columns),
      status: gpu.buffer('status', STORAGE | COPY_SRC, 8 + 4 * trajectories),
    };
  }

  /** @param trajectories times dim a multiple of 64 */
  static async create(gpu: Gpu, dim: number, trajectories: number, slots: number): Promise<UpdateSlots> {
    const made = new UpdateSlots(gpu, dim, trajectories, slots);
    const fill = await made.subject({
      name: 'fill',
      inputs: 0,
      columns: 0,
      operation: (_, out) => ({ kind: 'noise', state: out, scale: 1, draw: out, out }),
    });
    const encoder = gpu.device.createCommandEncoder();
    fill.record(encoder, slots);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.settle(gpu.device.queue.onSubmittedWorkDone());
    fill.destroy();
    return made;
  }

  get slotBytes(): number {
    return 4 * this.dim * this.trajectories;
  }

  /** An update over and over, on other slots than the one before as far as there are enough. */
  async subject({ name, inputs, columns, operation }: UpdateCase): Promise<BandwidthSubject> {
    const { gpu, dim, trajectories, slots } = this;
    const operations = Array.from({ length: slots }, (_, i) => {
      const slot = (j: number) => (i * (inputs + 1) + j) % slots;
      return operation(
        Array.from({ length: inputs }, (_, j) => slot(j)),
        slot(inputs),
      );
    });
    const plan = planOf(operations, slots, columns);
    const stride = uniformStride();
    const uniforms = new ArrayBuffer(operations.length * stride);
    const uniform = gpu.buffer(
      'operations',
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      uniforms.byteLength,
    );
    const pass = await PlanPass.create(
      gpu,
      noField,
      plan,
      { dim, start: (slot) => (slot * this.slotBytes) / 16, uniform: (i) => i * stride },
      { ...this.buffers, operation: uniform, capacity: trajectories },
    );
    pass.pack(uniforms, trajectories, { seed: 1, first: 0 });
    gpu.device.queue.writeBuffer(uniform, 0, uniforms);
    return {
      name,
      bytes: (inputs + 1) * this.slotBytes + 4 * columns * trajectories,
      record(encoder, count) {
        const recording = encoder.beginComputePass();
        for (let done = 0; done < count; done += slots) {
          pass.record(recording, trajectories, undefined, { first: 0, end: Math.min(slots, count - done) });
        }
        recording.end();
      },
      destroy() {
        pass.destroy();
        uniform.destroy();
      },
    };
  }

  /** The numbers of a slot, [trajectories, dim]. */
  async read(slot: Slot): Promise<Float32Array> {
    return new Float32Array(await this.gpu.read(this.buffers.slots, this.slotBytes, slot * this.slotBytes));
  }

  /** How many trajectories an update found not to be finite. */
  async broken(): Promise<number> {
    return new Uint32Array(await this.gpu.read(this.buffers.status, 8))[1];
  }

  destroy(): void {
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}

/** Updates in one step of a plan, none of which evaluates anything. */
function planOf(operations: readonly Operation[], slots: number, columns: number): Plan {
  const states = [0, operations[operations.length - 1].out];
  const plan = { solver: 'updates', times: [1, 0], afs: false, operations, states, slots, columns };
  if (nfeOf(plan) > 0) throw new Error('updates evaluate nothing');
  return plan;
}
