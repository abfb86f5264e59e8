import { FewstepError } from '../../errors.js';
import { STATUS_BYTES } from '../../execute/run-bytes.js';
import { type RunStatus, statusOf } from '../../execute/solve-run.js';
import { folded } from '../../gpu/dispatch.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Kernel } from '../../gpu/kernel.js';
import { FIGURES } from '../network/state-loss.js';
import type { NormalEquations } from './normal-equations.js';

const KERNELS = ['distill/distance', 'distill/measure', 'distill/derivatives', 'distill/products'] as const;

/** Numbers of the end points whose products one invocation adds up: enough of a batch's for all lanes of a GPU. */
const ROWS = 256;
/** Digits of a sum, of ten bits but for the last. */
const DIGITS = 4;

/** What equations are of. */
export interface EquationsSize {
  /** Trajectories. */
  batch: number;
  dim: number;
  /** Numbers that are moved. */
  moved: number;
  /** How far. */
  step: number;
  /** Added to squared errors. */
  softening: number;
}

type Buffers = Record<
  | 'ends'
  | 'columns'
  | 'targets'
  | 'errors'
  | 'slopes'
  | 'figures'
  | 'units'
  | 'sums'
  | 'operation'
  | 'staging',
  GPUBuffer
>;

/**
 * Normal equations from end points on the device: the loss, each trajectory's weight, the derivatives by differences, and
 * their products, summed exactly (shaders/distill/products.wgsl).
 */
export class EquationsPass {
  /** Columns of the sums: of the numbers that are moved and of the errors, in whole fours. */
  private readonly columns: number;

  private constructor(
    private readonly gpu: Gpu,
    private readonly kernels: readonly Kernel[],
    private readonly groups: readonly GPUBindGroup[],
    private readonly buffers: Buffers,
    private readonly size: EquationsSize,
  ) {
    this.columns = columnsOf(size);
  }

  /** @throws FewstepError device-limit where the derivatives do not fit in a binding */
  static async create(gpu: Gpu, size: EquationsSize): Promise<EquationsPass> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { batch, dim, moved, softening } = size;
    const kernels = await Promise.all(KERNELS.map((name) => gpu.kernel(name)));
    const [distance] = kernels;
    const compared = { result: 0, cotangent: 0, dim, trajectories: batch, softening, log_mean: 1 };
    const derivatives = 4 * batch * dim * columnsOf(size);
    const most = gpu.limits.maxStorageBufferBindingSize;
    if (derivatives > most) {
      throw new FewstepError(
        'device-limit',
        `${moved} derivatives of ${batch} trajectories of ${dim} numbers take ${derivatives} bytes, ${gpu.adapter.name} binds ${most}`,
        'train with a smaller batch, or a solver of fewer evaluations',
      );
    }
    const sums = 4 * DIGITS * columnsOf(size) ** 2;
    const units = 4 * (moved + 1);
    const buffers: Buffers = {
      ends: gpu.buffer('end points', STORAGE | COPY_DST, 4 * batch * dim * (moved + 1)),
      columns: gpu.buffer('derivatives', STORAGE, derivatives),
      targets: gpu.buffer('targets', STORAGE | COPY_DST, 4 * batch * dim),
      errors: gpu.buffer('errors', STORAGE, 4 * batch),
      slopes: gpu.buffer('slopes', STORAGE, 4 * batch),
      figures: gpu.buffer('figures', STORAGE | COPY_SRC, FIGURES),
      units: gpu.buffer('units', STORAGE | COPY_SRC, units),
      sums: gpu.buffer('sums', STORAGE | COPY_SRC | COPY_DST, sums),
      operation: gpu.buffer('equations', UNIFORM, distance.layout.pack('operation', compared)),
      staging: gpu.buffer('equations (readback)', MAP_READ | COPY_DST, STATUS_BYTES + FIGURES + units + sums),
    };
    const groups = kernels.map((kernel) => kernel.bind({ ...buffers, slots: buffers.ends }));
    return new EquationsPass(gpu, kernels, groups, buffers, size);
  }

  /** @param endpoints the teacher's, [batch, dim] */
  compareWith(endpoints: Float32Array): void {
    this.gpu.device.queue.writeBuffer(this.buffers.targets, 0, endpoints as Float32Array<ArrayBuffer>);
  }

  /** Records a copy of end points: `count` numbers from `first` on of all, [moved + 1, batch, dim], of none first. */
  take(
    encoder: GPUCommandEncoder,
    { slots, start }: { slots: GPUBuffer; start: number },
    first: number,
    count: number,
  ): void {
    encoder.copyBufferToBuffer(slots, 4 * start, this.buffers.ends, 4 * first, 4 * count);
  }

  /** Records the equations of what was taken. @param recordStatus records a copy of the run's status to a buffer's begin */
  record(encoder: GPUCommandEncoder, recordStatus: (target: GPUBuffer) => void): void {
    const { figures, units, sums, staging } = this.buffers;
    const { batch, dim, moved } = this.size;
    encoder.clearBuffer(sums);
    const pass = encoder.beginComputePass();
    const fours = this.columns / 4;
    const pairs = (fours * (fours + 1)) / 2;
    const dispatches: [number, number][] = [
      folded(Math.ceil(batch / 64)),
      [1, 1],
      [moved + 1, 1],
      [Math.ceil(pairs / 64), Math.ceil((batch * dim) / ROWS)],
    ];
    for (const [i, { pipeline }] of this.kernels.entries()) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.groups[i], [0]);
      pass.dispatchWorkgroups(...dispatches[i]);
    }
    pass.end();
    recordStatus(staging);
    let to = STATUS_BYTES;
    for (const buffer of [figures, units, sums]) {
      encoder.copyBufferToBuffer(buffer, 0, staging, to, buffer.size);
      to += buffer.size;
    }
  }

  /** Waits for what was recorded and submitted. @returns equations in the numbers that were moved */
  async read(): Promise<NormalEquations & { status: RunStatus }> {
    const { staging } = this.buffers;
    const { moved, step } = this.size;
    await this.gpu.settle(staging.mapAsync(GPUMapMode.READ));
    const range = staging.getMappedRange();
    const [loss, meanError] = new Float32Array(range, STATUS_BYTES, 2);
    const units = new Float32Array(range, STATUS_BYTES + FIGURES, moved + 1);
    const digits = new Int32Array(range, STATUS_BYTES + FIGURES + 4 * (moved + 1));
    // A derivative is a difference over the step.
    const scale = Float64Array.from(units, (unit, p) => (p < moved ? unit / step : unit));
    const matrix = new Float64Array(moved * moved);
    const gradient = new Float64Array(moved);
    for (let p = 0; p <= moved; p++) {
      for (let q = 0; q <= Math.min(p, moved - 1); q++) {
        const at = DIGITS * (p * this.columns + q);
        const whole = ((digits[at + 3] * 1024 + digits[at + 2]) * 1024 + digits[at + 1]) * 1024 + digits[at];
        const sum = whole * scale[p] * scale[q];
        if (p === moved) gradient[q] = sum;
        else {
          matrix[p * moved + q] = sum;
          matrix[q * moved + p] = sum;
        }
      }
    }
    const status = statusOf(range);
    staging.unmap();
    return { matrix, gradient, loss, meanError, status };
  }

  destroy(): void {
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }
}

function columnsOf({ moved }: EquationsSize): number {
  return 4 * Math.ceil((moved + 1) / 4);
}
