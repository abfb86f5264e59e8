import type { BoundField, PreparedField } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { PassTimer } from '../gpu/timer.js';
import { type Plan, type Slot, stepsOf } from '../solver/plan.js';
import type { Latents } from './inputs.js';
import { scalarStruct, UPDATE_KERNELS, type UpdateKernel, updateKernel } from './update.js';

/** Streams of random numbers: each use of noise has its own, so that no two share numbers. */
const LATENT_STREAM = 0;

interface Shape {
  dim: number;
  /** Trajectories there is room for. */
  capacity: number;
  place: number[];
  places: number;
  /** Slots to read back. */
  wanted: Slot[];
}

/**
 * The buffers, bind groups and uniforms of one solve, used again for each chunk of its batch: inside the loop
 * over chunks nothing is allocated.
 */
export class StepwiseRun {
  /** Evaluations recorded, per trajectory. */
  evaluations = 0;
  gpuMs: number | undefined;

  private readonly slots: GPUBuffer;
  private readonly columns: GPUBuffer;
  private readonly statusBuffer: GPUBuffer;
  private readonly operation: GPUBuffer;
  private readonly staging: GPUBuffer;
  private readonly timer: PassTimer;
  private readonly bound: BoundField;
  private readonly groups = new Map<Kernel, GPUBindGroup>();
  private kernels!: Record<UpdateKernel | 'rng/normal', Kernel>;
  /** Numbers from one slot to the next. */
  private readonly slotStride: number;
  /** Bytes from one operation's uniform to the next. */
  private readonly uniformStride: number;

  constructor(
    private readonly gpu: Gpu,
    private readonly field: PreparedField,
    private readonly plan: Plan,
    private readonly shape: Shape,
  ) {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { dim, capacity, places, wanted } = shape;
    this.slotStride = Math.ceil((capacity * dim) / 64) * 64;
    this.uniformStride = Math.max(512, Math.ceil(field.operationSize / 256) * 256);
    const bytes = capacity * dim * 4;
    this.slots = gpu.buffer('slots', STORAGE | COPY_SRC | COPY_DST, places * this.slotStride * 4);
    this.columns = gpu.buffer('columns', STORAGE | COPY_DST, Math.max(4, plan.columns * capacity * 4));
    this.statusBuffer = gpu.buffer('status', STORAGE | COPY_SRC | COPY_DST, 8 + capacity * 4);
    this.operation = gpu.buffer(
      'operations',
      UNIFORM | COPY_DST,
      (plan.operations.length + 1) * this.uniformStride,
    );
    this.staging = gpu.buffer('samples (readback)', MAP_READ | COPY_DST, wanted.length * bytes);
    this.timer = new PassTimer(gpu);
    this.bound = field.bind({
      slots: this.slots,
      columns: this.columns,
      status: this.statusBuffer,
      operation: this.operation,
      capacity,
    });
  }

  /** Compiles what is not compiled yet, all kernels at once. */
  async compile(): Promise<void> {
    const names = [...UPDATE_KERNELS, 'rng/normal'] as const;
    const kernels = await Promise.all(names.map((name) => this.gpu.kernel(name)));
    this.kernels = Object.fromEntries(names.map((name, i) => [name, kernels[i]])) as typeof this.kernels;
    for (const kernel of kernels) {
      const { slots, columns, statusBuffer: status, operation } = this;
      this.groups.set(kernel, kernel.bind({ slots, columns, status, operation }));
    }
  }

  /** Records and submits the trajectories [first, first + count). */
  submit(first: number, count: number, latents: Latents, columns: Float32Array): void {
    const { device } = this.gpu;
    const { dim, wanted, place } = this.shape;
    device.queue.writeBuffer(this.columns, 0, columns as Float32Array<ArrayBuffer>);
    device.queue.writeBuffer(this.operation, 0, this.uniforms(first, count, latents));
    if ('values' in latents) {
      const rows = Float32Array.from({ length: count * dim }, (_, i) => latents.values[first * dim + i]);
      device.queue.writeBuffer(this.slots, 0, rows);
    }

    const encoder = device.createCommandEncoder();
    encoder.clearBuffer(this.statusBuffer, 8);
    const pass = encoder.beginComputePass(this.timer.begin());
    if (!('values' in latents))
      this.dispatch(pass, this.kernels['rng/normal'], 0, count * Math.ceil(dim / 4));
    this.evaluations = 0;
    for (const [i, operation] of this.plan.operations.entries()) {
      const offset = (i + 1) * this.uniformStride;
      if (operation.kind === 'evaluate') {
        this.bound.encode(pass, offset, count);
        this.evaluations++;
      } else {
        const { kernel } = updateKernel(operation, this.start);
        this.dispatch(pass, this.kernels[kernel], offset, Math.ceil((count * dim) / 4));
      }
    }
    pass.end();
    this.timer.end(encoder);
    const bytes = count * dim * 4;
    for (const [i, slot] of wanted.entries()) {
      encoder.copyBufferToBuffer(
        this.slots,
        place[slot] * this.slotStride * 4,
        this.staging,
        i * bytes,
        bytes,
      );
    }
    device.queue.submit([encoder.finish()]);
  }

  /** Waits for the chunk that was submitted and hands out what was wanted of it. */
  async collect(count: number, take: (slot: Slot, values: Float32Array) => void): Promise<void> {
    const { dim, wanted } = this.shape;
    const size = wanted.length * count * dim * 4;
    await this.gpu.settle(this.staging.mapAsync(GPUMapMode.READ, 0, size));
    const values = new Float32Array(this.staging.getMappedRange(0, size));
    for (const [i, slot] of wanted.entries())
      take(slot, values.subarray(i * count * dim, (i + 1) * count * dim));
    this.staging.unmap();
    const gpuMs = await this.timer.read();
    if (gpuMs !== undefined) this.gpuMs = (this.gpuMs ?? 0) + gpuMs;
  }

  /** Which step first produced a value that is not finite, and in how many trajectories, over all chunks. */
  async status(): Promise<{ step: number; trajectories: number }> {
    const [first, trajectories] = new Uint32Array(await this.gpu.read(this.statusBuffer, 8));
    return { step: ~first >>> 0, trajectories };
  }

  destroy(): void {
    this.bound.destroy();
    this.timer.destroy();
    for (const buffer of [this.slots, this.columns, this.statusBuffer, this.operation, this.staging])
      buffer.destroy();
  }

  /** Where a slot starts, in vec4. */
  private readonly start = (slot: Slot): number => (this.shape.place[slot] * this.slotStride) / 4;

  private dispatch(pass: GPUComputePassEncoder, kernel: Kernel, offset: number, invocations: number): void {
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, this.groups.get(kernel)!, [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil(invocations / 64)));
  }

  /** The uniforms of all operations for one chunk: the latents' first, then the plan's in order. */
  private uniforms(first: number, count: number, latents: Latents): ArrayBuffer {
    const { dim } = this.shape;
    const bytes = new ArrayBuffer((this.plan.operations.length + 1) * this.uniformStride);
    const steps = stepsOf(this.plan);
    const seed = 'seed' in latents ? latents.seed : 0;
    this.kernels['rng/normal'].layout.pack(
      'operation',
      {
        output: 0,
        dim,
        trajectories: count,
        first_trajectory: first,
        seed_low: seed >>> 0,
        seed_high: Math.floor(seed / 2 ** 32) >>> 0,
        step: 0,
        stream: LATENT_STREAM,
        scale: this.plan.times[0],
      },
      bytes,
      0,
    );
    for (const [i, operation] of this.plan.operations.entries()) {
      const offset = (i + 1) * this.uniformStride;
      if (operation.kind === 'evaluate') {
        const value = {
          state: 4 * this.start(operation.state),
          output: 4 * this.start(operation.out),
          trajectories: count,
          velocity: operation.output === 'velocity' ? 1 : 0,
          sigma: scalarStruct(operation.time),
          divisor: scalarStruct(operation.divisor),
        };
        this.field.pack(value, bytes, offset);
      } else {
        const { kernel, uniform } = updateKernel(operation, this.start);
        const common = { dim, trajectories: count, step: steps[i], count: Math.ceil((count * dim) / 4) };
        this.kernels[kernel].layout.pack('operation', { ...uniform, ...common }, bytes, offset);
      }
    }
    return bytes;
  }
}
