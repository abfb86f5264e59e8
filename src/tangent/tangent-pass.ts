import { canBroadcast } from '../gpu/broadcast.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { StructValue } from '../gpu/layout.js';
import type { ShaderVariant } from '../gpu/link.js';
import { uniformSize } from '../predictor/predictor-pass.js';
import type { Slot } from '../solver/plan.js';
import { scalarStruct } from '../solver/scalar-struct.js';
import { HIDDEN, type TangentLayout, tangentLayout } from './tangent-layout.js';
import { MOVES, type Move, type TangentPlan } from './tangent-plan.js';
import type { TangentPredictor } from './tangent-predictor.js';

/** What a tangent network's kernels share with the plan that they serve. */
export interface TangentBuffers {
  slots: GPUBuffer;
  columns: GPUBuffer;
  /** [tangentLayout.size]. */
  weights: GPUBuffer;
  capacity: number;
}

const KERNELS = ['tangent/shared_moves', 'tangent/moved_columns', 'tangent/network'] as const;
type TangentKernel = (typeof KERNELS)[number];

/** Numbers before the slopes in a row of shaders/tangent/tangent.wgsl. */
export const ROW_HEAD = 2;

/** Moves the columns of a plan for each trajectory while it runs. */
export class TangentPass {
  private constructor(
    private readonly gpu: Gpu,
    private readonly tangent: TangentPlan,
    private readonly layout: TangentLayout,
    private readonly std: number,
    private readonly start: (slot: Slot) => number,
    private readonly kernels: Record<TangentKernel, Kernel>,
    private readonly groups: Record<TangentKernel, GPUBindGroup>,
    private readonly own: {
      /** The moves of each trajectory, [3 evaluations, trajectories]. */
      answers: GPUBuffer;
      /** What the way back needs of all evaluations; with no way back next to nothing. */
      features: GPUBuffer;
      hidden: GPUBuffer;
      /** The tangent itself: shaders/tangent/tangent.wgsl. */
      rows: GPUBuffer;
      base: GPUBuffer;
      center: GPUBuffer;
      operation: GPUBuffer;
    },
    private readonly stride: number,
    private readonly taped: boolean,
  ) {}

  /**
   * @param start where a slot starts, in vec4
   * @param taped whether all that networks read is kept for the way back
   */
  static async create(
    gpu: Gpu,
    { tangent, figures }: Omit<TangentPredictor, 'kind' | 'parameters'>,
    { capacity, ...buffers }: TangentBuffers,
    start: (slot: Slot) => number,
    taped = false,
  ): Promise<TangentPass> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const layout = tangentLayout(tangent, figures.mean.length);
    const compiled = await kernelsFor(gpu, layout, taped);
    const { bytes, stride } = passBytes(compiled, tangent, layout, capacity, taped);
    const own = {
      answers: gpu.buffer('moves', STORAGE | COPY_SRC, bytes.moves),
      features: gpu.buffer('features of evaluations', STORAGE, bytes['features of evaluations']),
      hidden: gpu.buffer('hidden layers', STORAGE, bytes['hidden layers']),
      rows: gpu.buffer('tangent', STORAGE, tangentRows(tangent)),
      base: gpu.buffer('columns of all', STORAGE, bytes['columns of all']),
      center: gpu.buffer('mean of the data', STORAGE, figures.mean),
      operation: gpu.buffer('tangent operations', UNIFORM | COPY_DST, bytes['tangent operations']),
    };
    const shared = { ...buffers, ...own, predictor_weights: buffers.weights, tangent: own.rows };
    const byName = <T>(values: readonly T[]) =>
      Object.fromEntries(KERNELS.map((name, i) => [name, values[i]])) as Record<TangentKernel, T>;
    const groups = compiled.map((kernel) => kernel.bind(shared));
    const { std } = figures;
    return new TangentPass(
      gpu,
      tangent,
      layout,
      std,
      start,
      byName(compiled),
      byName(groups),
      own,
      stride,
      taped,
    );
  }

  /** Bytes of the buffers that `create` makes without a way back, by what they hold. */
  static async bytes(
    gpu: Gpu,
    { tangent, figures }: Omit<TangentPredictor, 'kind' | 'parameters'>,
    capacity: number,
  ): Promise<Record<string, number>> {
    const layout = tangentLayout(tangent, figures.mean.length);
    const { bytes } = passBytes(await kernelsFor(gpu, layout, false), tangent, layout, capacity, false);
    const rows = 4 * tangent.columns.length * rowWidth(tangent);
    return { ...bytes, tangent: rows, 'mean of the data': figures.mean.byteLength };
  }

  get answers(): GPUBuffer {
    return this.own.answers;
  }

  /** What the way back reads. */
  get tape(): { answers: GPUBuffer; features: GPUBuffer; hidden: GPUBuffer; tangent: GPUBuffer } {
    const { answers, features, hidden, rows } = this.own;
    return { answers, features, hidden, tangent: rows };
  }

  upload(trajectories: number): void {
    const { tangent, kernels, stride } = this;
    const bytes = new ArrayBuffer(this.own.operation.size);
    const pack = (name: TangentKernel, value: StructValue, place: number) =>
      kernels[name].layout.pack('operation', value, bytes, place * stride);
    const columns = (first: number, end: number, answers: number) => ({
      first,
      count: end - first,
      trajectories,
      answers,
      tangent_width: rowWidth(tangent),
      shared_weights: this.layout.shared.offset,
    });
    const all = MOVES * tangent.evaluations.length;
    pack('tangent/shared_moves', columns(0, tangent.columns.length, all), 0);
    pack('tangent/moved_columns', columns(tangent.beginning.first, tangent.beginning.end, 0), 1);
    for (const [k, { columns: own }] of tangent.evaluations.entries()) {
      pack('tangent/network', this.evaluationUniform(k, trajectories), 2 * k + 2);
      pack('tangent/moved_columns', columns(own.first, own.end, MOVES * (k + 1)), 2 * k + 3);
    }
    this.gpu.device.queue.writeBuffer(this.own.operation, 0, bytes);
  }

  record(pass: GPUComputePassEncoder, i: number, trajectories: number): void {
    const { beginning, columns, evaluations } = this.tangent;
    if (i === 0) {
      this.dispatch(pass, 'tangent/shared_moves', 0, columns.length);
      this.recordColumns(pass, beginning, 1, trajectories);
    }
    const k = evaluations.findIndex(({ operation }) => operation + 1 === i);
    if (k < 0) return;
    this.dispatch(pass, 'tangent/network', 2 * k + 2, trajectories);
    this.recordColumns(pass, evaluations[k].columns, 2 * k + 3, trajectories);
  }

  destroy(): void {
    for (const buffer of Object.values(this.own)) buffer.destroy();
  }

  /** Struct Evaluation of shaders/tangent/evaluation.wgsl. */
  evaluationUniform(k: number, trajectories: number): StructValue {
    const { tangent, layout, taped } = this;
    const { state, out, previous, time, moves, columns } = tangent.evaluations[k];
    const place = (slot: Slot) => 4 * this.start(slot);
    const kept = taped ? k * trajectories : 0;
    return {
      state: place(state),
      output: place(out),
      previous: place(previous ?? out),
      has_previous: previous === undefined ? 0 : 1,
      dim: layout.dim,
      trajectories,
      spread: this.std,
      answer: MOVES * k,
      weights: layout.networks[k].hiddenWeight.offset / 4,
      features: (kept * layout.inputs) / 4,
      hidden: (kept * HIDDEN) / 4,
      deltas: k * trajectories * (HIDDEN / 4 + 1),
      first_column: columns.first,
      columns: tangent.columns.length,
      tangent_width: rowWidth(tangent),
      feature_quads: layout.inputs / 4,
      hidden_quads: HIDDEN / 4,
      time: scalarStruct(time),
      asked: moveStructs(moves),
    };
  }

  private recordColumns(
    pass: GPUComputePassEncoder,
    { first, end }: { first: number; end: number },
    place: number,
    trajectories: number,
  ): void {
    if (end > first) this.dispatch(pass, 'tangent/moved_columns', place, (end - first) * trajectories);
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: TangentKernel,
    place: number,
    invocations: number,
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], [place * this.stride]);
    pass.dispatchWorkgroups(...folded(Math.ceil(invocations / 64)));
  }
}

function kernelsFor(gpu: Gpu, layout: TangentLayout, taped: boolean): Promise<Kernel[]> {
  return Promise.all([
    gpu.kernel(KERNELS[0]),
    gpu.kernel(KERNELS[1]),
    gpu.kernel(KERNELS[2], networkVariant(layout, taped, canBroadcast(gpu))),
  ]);
}

function passBytes(
  kernels: readonly Kernel[],
  { evaluations: { length: evaluations }, columns }: TangentPlan,
  { inputs }: TangentLayout,
  capacity: number,
  taped: boolean,
) {
  const kept = taped ? 4 * capacity * evaluations : 4;
  const stride = Math.max(...kernels.map(uniformSize));
  const bytes = {
    moves: 4 * MOVES * evaluations * capacity,
    'features of evaluations': inputs * kept,
    'hidden layers': HIDDEN * kept,
    'columns of all': 4 * columns.length,
    'tangent operations': (2 * evaluations + 2) * stride,
  };
  return { bytes, stride };
}

/** The variant of the network's kernel: as many features as `dim` numbers give. */
function networkVariant({ dim }: TangentLayout, taped: boolean, broadcast: boolean): ShaderVariant {
  return { conditions: { tangent: true, taped, broadcast }, constants: { DIM: dim } };
}

/** Struct Move of shaders/tangent/evaluation.wgsl, one a move. */
export function moveStructs(moves: readonly (Move | undefined)[]): StructValue[] {
  return moves.map((move) => ({ width: move?.width ?? 0, bounded: move?.kind === 'bounded' ? 1 : 0 }));
}

/** Numbers of a row of shaders/tangent/tangent.wgsl. */
export function rowWidth({ evaluations, shared }: TangentPlan): number {
  return ROW_HEAD + MOVES * evaluations.length + shared;
}

function tangentRows(tangent: TangentPlan): Float32Array {
  return Float32Array.from(
    tangent.columns.flatMap(({ base, logarithmic, slopes }) => [base, logarithmic ? 1 : 0, ...slopes]),
  );
}
