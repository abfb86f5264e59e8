import { FewstepError } from '../errors.js';
import { notFinite } from '../execute/not-finite.js';
import { STATUS_BYTES } from '../execute/run-bytes.js';
import { runShape } from '../execute/run-shape.js';
import { SolveRun, statusOf } from '../execute/solve-run.js';
import type { Field } from '../field/field.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import type { Random } from '../problem/random.js';
import type { TeacherPool } from './pool.js';
import { FIGURES, StateLossPass } from './state-loss.js';
import { fillColumns, tiled, type Variants } from './variants.js';

/** What Gauss-Newton knows of a loss near some parameters, of which there are P. */
export interface NormalEquations {
  /** J^T W J, [P, P]: J the derivatives of the end points, W the weights of the trajectories. */
  matrix: Float64Array;
  /** J^T W e, e the errors: the loss's gradient, [P]. */
  gradient: Float64Array;
  loss: number;
  /** Mean distance of the end points to the teacher's. */
  meanError: number;
}

/** Trajectories of a teacher: where they begin and where they end, [count, dim]. */
export interface Trajectories {
  latents: Float32Array;
  endpoints: Float32Array;
}

/**
 * How far a parameter is moved for the derivative to it. Of order 1 are all: logarithms of times, scales, weights. What
 * float32 rounds of an end point is divided by it, what the derivative changes over it is left out.
 */
export const STEP = 2e-3;

/** Draws trajectories of a pool. */
export function drawTrajectories(pool: TeacherPool, count: number, order: Random): Trajectories {
  const { dim, latents, states } = pool;
  const ends = states[states.length - 1];
  const drawn = { latents: new Float32Array(count * dim), endpoints: new Float32Array(count * dim) };
  for (let i = 0; i < count; i++) {
    const at = Math.floor((order.uniform() * latents.length) / dim) * dim;
    drawn.latents.set(latents.subarray(at, at + dim), i * dim);
    drawn.endpoints.set(ends.subarray(at, at + dim), i * dim);
  }
  return drawn;
}

/** What a linearisation is of. */
export interface LinearisationSize {
  parameters: number;
  /** Trajectories in a batch. */
  batch: number;
  /** Added to squared errors. */
  softening: number;
  /** At most so many solves at once; by default what the adapter's limits allow. */
  chunk?: number;
}

/**
 * Normal equations of the loss log(mean |e|) + mean(log |e|^2) / 4, with |e|^2 + softening for |e|^2, on batches of
 * trajectories. W is what makes J^T W e its gradient: 1 / (n mean|e| |e|) + 1 / (2 n |e|^2), each trajectory by how much
 * its error counts. The derivatives are differences of solves, all parameters in one batch: no gradient of the field is
 * needed, and a device has work for many lanes. It adds up too, and only sums come back.
 */
export class Linearisation {
  /** Trajectories in a batch, a multiple of 4. */
  readonly batch: number;
  private readonly columns: Float32Array;

  private constructor(
    private readonly gpu: Gpu,
    private readonly family: Variants,
    private readonly run: SolveRun,
    private readonly loss: StateLossPass,
    private readonly kernel: Kernel,
    private readonly group: GPUBindGroup,
    private readonly buffers: Record<'ends' | 'errors' | 'sums' | 'operation' | 'staging', GPUBuffer>,
    private readonly size: { dim: number; parameters: number; batch: number; capacity: number },
  ) {
    this.batch = size.batch;
    this.columns = new Float32Array(family.plan.columns * size.capacity);
  }

  /** @throws FewstepError device-limit where the end points of all parameters do not fit one binding */
  static async create(
    gpu: Gpu,
    field: Field,
    family: Variants,
    { parameters, softening, chunk, ...given }: LinearisationSize,
  ): Promise<Linearisation> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { dim } = field;
    const { plan } = family;
    const batch = 4 * Math.ceil(given.batch / 4);
    const variants = parameters + 1;
    const bytes = 4 * variants * batch * dim;
    if (bytes > gpu.limits.maxStorageBufferBindingSize) {
      throw new FewstepError(
        'device-limit',
        `${variants} end points of ${batch} trajectories of ${dim} numbers take ${bytes} bytes; ` +
          `${gpu.adapter.name} binds ${gpu.limits.maxStorageBufferBindingSize}`,
        'train with a smaller batch',
      );
    }
    const wanted = [plan.states[plan.states.length - 1]];
    const shape = await runShape(gpu, field, plan, {
      ...{ batch: batch * variants, wanted, reads: false, seed: 0, chunk },
    });
    const [run, kernel] = await Promise.all([
      SolveRun.create(gpu, field, plan, shape),
      gpu.kernel('distill/normal_equations'),
    ]);
    const sums = 4 * variants * variants;
    const operation = { parameters, dim, rows: (batch * dim) / 4, step: STEP };
    const buffers = {
      ends: gpu.buffer('end points', STORAGE | COPY_DST, bytes),
      errors: gpu.buffer('errors', STORAGE, 4 * batch),
      sums: gpu.buffer('normal equations', STORAGE | COPY_SRC, sums),
      operation: gpu.buffer('normal equations of', UNIFORM, kernel.layout.pack('operation', operation)),
      staging: gpu.buffer('normal equations (readback)', MAP_READ | COPY_DST, STATUS_BYTES + FIGURES + sums),
    };
    const { ends, errors } = buffers;
    const loss = await StateLossPass.create(
      gpu,
      // Of the parameters themselves, which come first.
      { slots: ends, errors },
      [{ result: 0, cotangent: 0 }],
      { kind: 'log-mean', softening },
      { batch, dim },
    );
    const { targets, slopes } = loss;
    const group = kernel.bind({ ...buffers, targets, slopes });
    const size = { dim, parameters, batch, capacity: shape.capacity };
    return new Linearisation(gpu, family, run, loss, kernel, group, buffers, size);
  }

  /**
   * @param given as many trajectories as `batch`
   * @throws FewstepError not-finite where a trajectory diverges, bad-grid where times of a plan have become one
   */
  async at(parameters: Float64Array, { latents, endpoints }: Trajectories): Promise<NormalEquations> {
    const { gpu, family, run, columns, buffers, loss } = this;
    const { dim, batch, capacity } = this.size;
    const { plan } = family;
    const moved = Array.from(parameters, (value, p) => parameters.with(p, value + STEP));
    const values = [parameters, ...moved].map((variant) => family.values(variant));
    const all = { values: tiled(latents, values.length) };
    const { slots, start } = run.result(plan.states[plan.states.length - 1]);
    const count = batch * values.length;
    run.clearStatus();
    gpu.device.queue.writeBuffer(loss.targets, 0, endpoints as Float32Array<ArrayBuffer>);
    for (let first = 0; first < count; first += capacity) {
      const rows = Math.min(capacity, count - first);
      const own = columns.subarray(0, plan.columns * rows);
      fillColumns(own, values, batch, first, rows);
      await run.submit(first, rows, all, own, NEITHER, (encoder) => {
        encoder.copyBufferToBuffer(slots, 4 * start, buffers.ends, 4 * first * dim, 4 * rows * dim);
        if (first + rows === count) this.recordSums(encoder);
      });
    }
    return this.read();
  }

  destroy(): void {
    this.run.destroy();
    this.loss.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  private recordSums(encoder: GPUCommandEncoder): void {
    const { loss, kernel, group, buffers, run } = this;
    const { sums, staging } = buffers;
    const pass = encoder.beginComputePass();
    loss.compare(pass);
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, group, [0]);
    const blocks = Math.ceil((this.size.parameters + 1) / 4);
    pass.dispatchWorkgroups(blocks, blocks);
    pass.end();
    run.recordStatus(encoder, staging, 0);
    encoder.copyBufferToBuffer(loss.figures, 0, staging, STATUS_BYTES, FIGURES);
    encoder.copyBufferToBuffer(sums, 0, staging, STATUS_BYTES + FIGURES, sums.size);
  }

  private async read(): Promise<NormalEquations> {
    const { staging } = this.buffers;
    const { parameters: size, batch } = this.size;
    await this.gpu.settle(staging.mapAsync(GPUMapMode.READ));
    const range = staging.getMappedRange().slice(0);
    staging.unmap();
    const { step, trajectories } = statusOf(range);
    if (trajectories > 0) throw notFinite(step, trajectories, batch * (size + 1));
    const [loss, meanError, ...sums] = new Float32Array(range, STATUS_BYTES);
    const matrix = new Float64Array(size * size);
    for (let p = 0; p < size; p++) {
      for (let q = 0; q <= p; q++) matrix[p * size + q] = matrix[q * size + p] = sums[p * (size + 1) + q];
    }
    // Behind them the products with the error.
    return { matrix, gradient: Float64Array.from(sums.slice(size * (size + 1), -1)), loss, meanError };
  }
}

const NEITHER = { begin: false, end: false };
