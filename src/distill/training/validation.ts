import { STATUS_BYTES } from '../../execute/run-bytes.js';
import { runShape } from '../../execute/run-shape.js';
import { SolveRun } from '../../execute/solve-run.js';
import type { Field } from '../../field/field.js';
import { folded } from '../../gpu/dispatch.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { Kernel } from '../../gpu/kernel.js';
import type { Plan } from '../../solver/plan.js';
import type { TeacherPool } from '../pool.js';
import { DIVERGED, type Score, scoreOfErrors } from '../score.js';

/** Bytes from one uniform to the next. */
const STRIDE = 256;

/**
 * Scores a plan with columns over the trajectories of a pool again and again, as `scoreOf` does: compiled, allocated and
 * bound once. Only the columns go to the device, only distances come back, and nobody has to wait meanwhile.
 */
export class Validation {
  private readonly columns: Float32Array<ArrayBuffer>;

  private constructor(
    private readonly gpu: Gpu,
    private readonly plan: Plan,
    private readonly run: SolveRun,
    private readonly distance: Kernel,
    private readonly group: GPUBindGroup,
    private readonly buffers: Record<
      'latents' | 'endpoints' | 'targets' | 'errors' | 'operation' | 'staging',
      GPUBuffer
    >,
    private readonly size: { dim: number; batch: number; capacity: number },
    private readonly conditions: Uint32Array | undefined,
  ) {
    this.columns = new Float32Array(plan.columns * size.capacity);
  }

  /** @param chunk at most so many trajectories at once; by default what the adapter's limits allow */
  static async create(
    gpu: Gpu,
    field: Field,
    plan: Plan,
    pool: TeacherPool,
    chunk?: number,
  ): Promise<Validation> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { dim } = field;
    const batch = pool.latents.length / dim;
    const result = plan.states[plan.states.length - 1];
    const shape = await runShape(gpu, field, plan, {
      batch,
      wanted: [result],
      reads: false,
      seed: 0,
      chunk,
    });
    const { capacity } = shape;
    const [run, distance] = await Promise.all([
      SolveRun.create(gpu, field, plan, shape),
      gpu.kernel('distill/distance'),
    ]);
    const { slots, start } = run.result(result);
    const uniforms = new ArrayBuffer(2 * STRIDE);
    for (const [i, trajectories] of [capacity, batch % capacity].entries()) {
      const value = { result: start, cotangent: 0, dim, trajectories, softening: 0, log_mean: 0 };
      distance.layout.pack('operation', value, uniforms, i * STRIDE);
    }
    const buffers = {
      latents: gpu.buffer('latents (validation)', COPY_SRC, pool.latents),
      endpoints: gpu.buffer('end points (validation)', COPY_SRC, pool.states[pool.states.length - 1]),
      targets: gpu.buffer('targets (validation)', STORAGE | COPY_DST, 4 * capacity * dim),
      errors: gpu.buffer('errors (validation)', STORAGE | COPY_SRC, 4 * capacity),
      operation: gpu.buffer('distances', UNIFORM, uniforms),
      staging: gpu.buffer('errors (readback)', MAP_READ | COPY_DST, STATUS_BYTES + 4 * batch),
    };
    const { targets, errors, operation } = buffers;
    const group = distance.bind({ slots, targets, errors, operation });
    const size = { dim, batch, capacity };
    return new Validation(gpu, plan, run, distance, group, buffers, size, pool.conditions);
  }

  /**
   * Submits the plan with these columns, the same for all trajectories. One at a time: the score before must have come.
   * @returns what it comes to; a plan that diverges is infinitely bad
   */
  async submit(values: ArrayLike<number>): Promise<Score> {
    const { run, plan, columns, size, buffers, conditions } = this;
    const { batch, capacity } = size;
    run.clearStatus();
    for (let first = 0; first < batch; first += capacity) {
      const count = Math.min(capacity, batch - first);
      for (let c = 0; c < plan.columns; c++) columns.fill(values[c], c * count, (c + 1) * count);
      const own = columns.subarray(0, plan.columns * count);
      await run.submit(first, count, { rows: buffers.latents, conditions }, own, NEITHER, (encoder) => {
        this.recordDistances(encoder, first, count);
        if (first + count === batch) run.recordStatus(encoder, buffers.staging, 0);
      });
    }
    return this.score();
  }

  destroy(): void {
    this.run.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  private recordDistances(encoder: GPUCommandEncoder, first: number, count: number): void {
    const { buffers, size } = this;
    const { dim, capacity } = size;
    encoder.copyBufferToBuffer(buffers.endpoints, 4 * first * dim, buffers.targets, 0, 4 * count * dim);
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.distance.pipeline);
    pass.setBindGroup(0, this.group, [count === capacity ? 0 : STRIDE]);
    pass.dispatchWorkgroups(...folded(Math.ceil(count / 64)));
    pass.end();
    encoder.copyBufferToBuffer(buffers.errors, 0, buffers.staging, STATUS_BYTES + 4 * first, 4 * count);
  }

  private async score(): Promise<Score> {
    const { staging } = this.buffers;
    await this.gpu.settle(staging.mapAsync(GPUMapMode.READ));
    const range = staging.getMappedRange();
    const [, broken] = new Uint32Array(range, 0, 2);
    const errors = Float64Array.from(new Float32Array(range, STATUS_BYTES, this.size.batch), Math.sqrt);
    staging.unmap();
    return broken > 0 ? DIVERGED : scoreOfErrors(errors);
  }
}

const NEITHER = { begin: false, end: false };
