import { type Field, preparedAnywhere } from '../field/field.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { type PassEnds, PassTimer, passMs } from '../gpu/timer.js';
import { answersOfRun, type TrajectoryPass, trajectoryPass } from '../predictor/trajectory-predictor.js';
import { drawStruct } from '../rng/draw.js';
import { LATENT_STREAM } from '../rng/streams.js';
import type { Plan, Slot } from '../solver/plan.js';
import { FusedPass } from './fused-pass.js';
import type { Latents } from './inputs.js';
import { type OperationRange, PlanPass, type PlanRecorder } from './plan-pass.js';
import { spreadColumns } from './repeats.js';
import { HEAD_BYTES, type RunBytes, runBytes, STATUS_BYTES } from './run-bytes.js';
import type { RunShape } from './run-shape.js';

/**
 * Where the trajectories of a run begin: as those of a solve, or at rows that lie on the device, [batch, dim]; and of a
 * field with conditions, under which one each, [batch].
 */
export type RunLatents = (Latents | { rows: GPUBuffer }) & { conditions?: Uint32Array };

const NO_STATUS = new Uint32Array(2);

/** Which step first produced a value that is not finite, and in how many trajectories, over all chunks. */
export interface RunStatus {
  step: number;
  trajectories: number;
}

/** What is read of a chunk; its arrays are gone once it was taken. */
export interface ChunkResult {
  /** Of a slot that is wanted, [count, dim]. */
  values(slot: Slot): Float32Array;
  /** What the predictor answered, [answers, count]; of none nothing. */
  answers: Float32Array;
}

/** The buffers of one solve. */
interface RunBuffers {
  slots: GPUBuffer;
  columns: GPUBuffer;
  status: GPUBuffer;
  operation: GPUBuffer;
  staging: GPUBuffer;
  /** What the field itself has to show of an evaluation: AMED's network reads it. */
  features?: GPUBuffer;
  /** Of the predictor. */
  weights?: GPUBuffer;
}

/** What records the dispatches of a run. */
interface RunKernels {
  recorder: PlanRecorder;
  /** Draws latents. */
  normal: Kernel;
  /** Of stepwise runs that ask one. */
  predictor: TrajectoryPass | undefined;
}

/**
 * The buffers, bind groups and uniforms of one solve, used again for each chunk of its batch: inside the loop
 * over chunks nothing is allocated.
 */
export class SolveRun {
  gpuMs: number | undefined;

  private readonly timer: PassTimer;
  private readonly latents: GPUBindGroup;
  /** The uniforms of all operations: the latents' first, then the plan's in order. */
  private readonly uniforms: ArrayBuffer;
  /** The chunk that the plan's are written for. */
  private packed = { first: -1, count: -1 };
  /** As it was collected last. */
  private reported?: RunStatus;
  /** Where trajectories repeat, the columns as they are written. */
  private readonly spread?: Float32Array<ArrayBuffer>;

  private constructor(
    private readonly gpu: Gpu,
    private readonly plan: Plan,
    private readonly shape: RunShape,
    private readonly buffers: RunBuffers,
    /** Where slots and uniforms stand in theirs. */
    private readonly strides: Pick<RunBytes, 'slotStride' | 'stride'>,
    private readonly kernels: RunKernels,
  ) {
    const { slots, operation, staging } = buffers;
    this.timer = new PassTimer(gpu, shape.reads ? { buffer: staging, offset: STATUS_BYTES } : undefined);
    this.latents = kernels.normal.bind({ slots, operation });
    this.uniforms = new ArrayBuffer((plan.operations.length + 1) * strides.stride);
    if (shape.repeats) this.spread = new Float32Array(shape.repeats.numbers);
  }

  /** Compiles what is not compiled yet, and allocates. */
  static async create(gpu: Gpu, field: Field, plan: Plan, shape: RunShape): Promise<SolveRun> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const { dim, capacity, place, predictor, fused } = shape;
    const prepared = fused ? undefined : await preparedAnywhere(gpu, field);
    const bytes = runBytes(plan, shape, prepared?.operationSize);
    const { slotStride, stride } = bytes;
    const buffers: RunBuffers = {
      slots: gpu.buffer('slots', STORAGE | COPY_SRC | COPY_DST, bytes.slots),
      columns: gpu.buffer('columns', STORAGE | COPY_SRC | COPY_DST, bytes.columns),
      status: gpu.buffer('status', STORAGE | COPY_SRC | COPY_DST, bytes.status),
      operation: gpu.buffer('operations', UNIFORM | COPY_DST, bytes.operation),
      staging: gpu.buffer('readback', MAP_READ | COPY_DST, bytes.staging),
      ...(bytes.features > 0 && { features: gpu.buffer('features', STORAGE, bytes.features) }),
      ...(predictor && {
        weights: gpu.buffer('predictor', STORAGE, predictor.parameters),
      }),
    };
    const planPlaces = {
      dim,
      start: (slot: Slot) => (place[slot] * slotStride) / 4,
      uniform: (i: number) => (i + 1) * stride,
    };
    try {
      const [recorder, normal, predictorPass] = await Promise.all([
        fused
          ? FusedPass.create(
              gpu,
              fused.plan,
              plan,
              dim,
              { memory: fused.memory, stride: slotStride, capacity },
              buffers,
            )
          : PlanPass.create(gpu, prepared!, plan, planPlaces, { ...buffers, capacity }, shape.repeats),
        gpu.kernel('rng/normal'),
        predictor &&
          !fused &&
          trajectoryPass(
            gpu,
            field,
            predictor,
            { ...buffers, weights: buffers.weights!, capacity },
            planPlaces.start,
          ),
      ]);
      const kernels = { recorder, normal, predictor: predictorPass || undefined };
      return new SolveRun(gpu, plan, shape, buffers, bytes, kernels);
    } catch (error) {
      for (const buffer of Object.values(buffers) as GPUBuffer[]) buffer.destroy();
      throw error;
    }
  }

  /** Evaluations recorded, per trajectory. */
  get evaluations(): number {
    return this.kernels.recorder.evaluations;
  }

  /**
   * Records and submits the trajectories [first, first + count). All is submitted when the call returns, except where the
   * field is outside of the device: then when the promise is kept, and no other chunk may be submitted before.
   * @param latents where trajectories repeat, `values` and conditions of the first period alone
   * @param columns theirs, [columns, count]; where trajectories repeat [columns, variants]
   * @param mark which ends of the chunk's pass are timed
   * @param after records what else is to be done in the same submit
   */
  async submit(
    first: number,
    count: number,
    latents: RunLatents,
    columns: Float32Array,
    mark?: PassEnds,
    after?: (encoder: GPUCommandEncoder) => void,
  ): Promise<void> {
    const { device } = this.gpu;
    const { dim, wanted, reads } = this.shape;
    const { slots, status, operation, staging } = this.buffers;
    const { recorder, normal, predictor } = this.kernels;
    if (predictor) predictor.upload(count);
    else this.writeColumns(columns as Float32Array<ArrayBuffer>);
    device.queue.writeBuffer(operation, 0, this.uniforms, 0, this.pack(first, count, latents));
    if ('values' in latents) {
      this.writeLatents(latents.values, first, count);
    }
    if (recorder.tell) recorder.tell(this.conditionsOf(latents, first, count));

    let encoder = device.createCommandEncoder();
    encoder.clearBuffer(status, 8);
    if ('rows' in latents)
      encoder.copyBufferToBuffer(latents.rows, 4 * first * dim, slots, 0, 4 * count * dim);
    // Passes between which the device waits for others say nothing about its time.
    let pass = encoder.beginComputePass(this.timer.begin(recorder.compute ? NEITHER : mark));
    if ('batch' in latents) {
      pass.setPipeline(normal.pipeline);
      pass.setBindGroup(0, this.latents, [0]);
      pass.dispatchWorkgroups(...folded(Math.ceil((count * Math.ceil(dim / 4)) / 64)));
    }
    const before = (recording: GPUComputePassEncoder, i: number) => predictor?.record(recording, i, count);
    if (!recorder.compute) recorder.record(pass, count, before);
    else ({ encoder, pass } = await this.recordOutside({ encoder, pass }, count, before));
    pass.end();
    this.timer.end(encoder);
    if (reads) {
      const bytes = count * dim * 4;
      encoder.copyBufferToBuffer(status, 0, staging, 0, STATUS_BYTES);
      for (const [i, slot] of wanted.entries()) {
        encoder.copyBufferToBuffer(slots, 4 * this.startOf(slot), staging, HEAD_BYTES + i * bytes, bytes);
      }
      this.copyAnswers(encoder, count, HEAD_BYTES + wanted.length * bytes);
    }
    after?.(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /** The buffer of slots, and where in it one that is wanted begins after a run, in numbers. */
  result(slot: Slot): { slots: GPUBuffer; start: number } {
    return { slots: this.buffers.slots, start: this.startOf(slot) };
  }

  /** Forgets what was not finite in the runs so far. */
  clearStatus(): void {
    this.gpu.device.queue.writeBuffer(this.buffers.status, 0, NO_STATUS);
  }

  /** Records a copy of what `status` reads, 8 bytes: a complement of the first step, and how many trajectories. */
  recordStatus(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number): void {
    encoder.copyBufferToBuffer(this.buffers.status, 0, target, offset, STATUS_BYTES);
  }

  /** Waits for the chunk that was submitted, once for all that is read of it. */
  async collect(count: number, take: (result: ChunkResult) => void): Promise<void> {
    const { dim, wanted, predictor } = this.shape;
    const { staging } = this.buffers;
    const numbers = count * dim;
    const answers = predictor ? answersOfRun(predictor) * count : 0;
    const size = HEAD_BYTES + 4 * (wanted.length * numbers + answers);
    await this.gpu.settle(staging.mapAsync(GPUMapMode.READ, 0, size));
    const range = staging.getMappedRange(0, size);
    this.reported = statusOf(range);
    const gpuMs = passMs(new BigUint64Array(range, STATUS_BYTES, 2));
    if (gpuMs !== undefined) this.gpuMs = (this.gpuMs ?? 0) + gpuMs;
    take({
      values: (slot) => new Float32Array(range, HEAD_BYTES + 4 * numbers * wanted.indexOf(slot), numbers),
      answers: new Float32Array(range, size - 4 * answers, answers),
    });
    staging.unmap();
  }

  /** Milliseconds between the two ends of passes that were marked last; undefined without a clock. */
  timedMs(): Promise<number | undefined> {
    return this.timer.read();
  }

  /** A slot that is wanted, as the last chunk left it, [count, dim]. */
  async wanted(slot: Slot, count: number): Promise<Float32Array> {
    const bytes = 4 * count * this.shape.dim;
    return new Float32Array(await this.gpu.read(this.buffers.slots, bytes, 4 * this.startOf(slot)));
  }

  /** Over all chunks that were collected, or where none is read, submitted. */
  async status(): Promise<RunStatus> {
    return this.reported ?? statusOf(await this.gpu.read(this.buffers.status, STATUS_BYTES));
  }

  destroy(): void {
    this.kernels.recorder.destroy();
    this.kernels.predictor?.destroy();
    this.timer.destroy();
    for (const buffer of Object.values(this.buffers) as GPUBuffer[]) buffer.destroy();
  }

  /**
   * Records the plan around evaluations outside of the device, each of which submits what was recorded before it.
   * @returns the last encoder, in which its pass has not ended
   */
  private async recordOutside(
    recording: { encoder: GPUCommandEncoder; pass: GPUComputePassEncoder },
    count: number,
    before: (pass: GPUComputePassEncoder, operation: number) => void,
  ): Promise<typeof recording> {
    const { recorder } = this.kernels;
    let { encoder, pass } = recording;
    for (const part of partsAtEvaluations(this.plan)) {
      const operation = this.plan.operations[part.first];
      if (operation.kind === 'evaluate') {
        pass.end();
        const { signal } = this.shape;
        signal?.throwIfAborted();
        const state = this.startOf(operation.state);
        const { rows, told } = this.shape.repeats ?? {};
        const sigma = told?.get(part.first)?.time ?? operation.time;
        await recorder.compute!(encoder, { state, sigma, count: rows?.[part.first] ?? count, signal });
        encoder = this.gpu.device.createCommandEncoder();
        pass = encoder.beginComputePass();
      }
      recorder.record(pass, count, before, part);
    }
    return { encoder, pass };
  }

  private writeColumns(columns: Float32Array<ArrayBuffer>): void {
    const { repeats } = this.shape;
    if (repeats) spreadColumns(repeats, columns, this.spread!);
    this.gpu.device.queue.writeBuffer(this.buffers.columns, 0, this.spread ?? columns);
  }

  private conditionsOf({ conditions }: RunLatents, first: number, count: number): Uint32Array<ArrayBuffer> {
    if (!conditions) throw new Error('a field with conditions was given none');
    const period = this.shape.repeats?.period ?? count;
    const told = new Uint32Array(count);
    for (let row = 0; row < count; row += period) told.set(conditions.subarray(first, first + period), row);
    return told;
  }

  private writeLatents(values: ArrayLike<number>, first: number, count: number): void {
    const { dim, repeats } = this.shape;
    const { queue } = this.gpu.device;
    const rows = repeats?.period ?? count;
    const part = float32Part(values, first * dim, rows * dim);
    const all = repeats?.slotRows[this.plan.states[0]] ?? count;
    for (let row = 0; row < all; row += rows) queue.writeBuffer(this.buffers.slots, 4 * row * dim, part);
  }

  /** Where a slot begins in theirs, in numbers. */
  private startOf(slot: Slot): number {
    return this.shape.place[slot] * this.strides.slotStride;
  }

  /** Copies what a predictor answered behind the samples. */
  private copyAnswers(encoder: GPUCommandEncoder, count: number, to: number): void {
    const { predictor } = this.shape;
    if (!predictor) return;
    const { columns, staging } = this.buffers;
    // Inside a fused kernel answers stand behind the columns.
    const asked = this.kernels.predictor;
    const [from, start] = asked ? [asked.answers, 0] : [columns, 4 * this.plan.columns * count];
    encoder.copyBufferToBuffer(from, start, staging, to, 4 * answersOfRun(predictor) * count);
  }

  /** Writes what the uniforms of a chunk lack. @returns bytes that are to be copied */
  private pack(first: number, count: number, latents: RunLatents): number {
    const { recorder, normal } = this.kernels;
    normal.layout.pack(
      'operation',
      {
        output: 0,
        dim: this.shape.dim,
        trajectories: count,
        scale: this.plan.times[0],
        draw: drawStruct({ seed: 'seed' in latents ? latents.seed : 0, first }, LATENT_STREAM, 0),
      },
      this.uniforms,
      0,
    );
    // The same chunk again: it differs in its latents alone.
    if (first === this.packed.first && count === this.packed.count) return this.strides.stride;
    recorder.pack(this.uniforms, count, { seed: this.shape.seed, first });
    this.packed = { first, count };
    return this.uniforms.byteLength;
  }
}

const NEITHER: PassEnds = { begin: false, end: false };

/** A plan in parts, each evaluation the first of one. */
function partsAtEvaluations({ operations }: Plan): OperationRange[] {
  const firsts = operations.flatMap(({ kind }, i) => (i === 0 || kind === 'evaluate' ? [i] : []));
  return firsts.map((first, n) => ({ first, end: firsts[n + 1] ?? operations.length }));
}

/** Numbers [first, first + count) in float32, of an array of whichever kind. */
function float32Part(values: ArrayLike<number>, first: number, count: number): Float32Array<ArrayBuffer> {
  if (values instanceof Float32Array && values.buffer instanceof ArrayBuffer) {
    return new Float32Array(values.buffer, values.byteOffset + 4 * first, count);
  }
  return Float32Array.from({ length: count }, (_, i) => values[first + i]);
}

/** A run's status from what `recordStatus` copied. */
export function statusOf(range: ArrayBuffer): RunStatus {
  const [first, trajectories] = new Uint32Array(range, 0, 2);
  return { step: ~first >>> 0, trajectories };
}
