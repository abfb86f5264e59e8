import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { OutsideReadback } from './external-readback.js';
import { answerOf, type ModelTerms, RowConditions, type Turns } from './external-terms.js';
import type { BatchBuffers, BoundField, OutsideEvaluation, PreparedField } from './field.js';
import { boundKernel, numberGroups, operationOf, shared } from './operation.js';

/**
 * What a model on the device is asked. Its buffers are of float32, with STORAGE, COPY_SRC and COPY_DST, and may be
 * longer.
 */
export interface DeviceInputs {
  /** The one that solves. */
  device: GPUDevice;
  /** x_t = alpha-bar(t) x, [count, dim]; they have been submitted. */
  states: GPUBuffer;
  /** What the model is told: t of its process, or what `modelTime` makes of it, [count]; sigma where it has no process. */
  times: GPUBuffer;
  /** States that are asked about. */
  count: number;
  /** Of a field with conditions, which one each state has, [count], on the host. */
  conditions?: Uint32Array;
  /** Aborts when the run that asks is stopped; the run ends when the model has answered. */
  signal?: AbortSignal;
}

/**
 * What the model says of some states, as it was trained, on the device that solves.
 * @returns the prediction, [count, dim] float32 at the begin of a buffer with COPY_SRC. All that computes it is in the
 *   device's queue then. It is copied at once: from the next call on the buffer may be written again or destroyed
 */
export type PredictOnDevice = (inputs: DeviceInputs) => GPUBuffer | Promise<GPUBuffer>;

interface DeviceModel {
  dim: number;
  most: number;
  terms: ModelTerms;
  turns: Turns;
  /** The model's own numbers of the field's conditions, where it has some. */
  chosen: readonly number[] | undefined;
  predict: PredictOnDevice;
}

/** Writes what the model is told, and takes up what it predicted. */
interface DeviceKernels {
  input: Kernel;
  outside: Kernel;
}

/** Numbers of a trajectory's translation: t, alpha-bar, skip, out. */
const TRANSLATION = 4;

/** Compiles what a model over buffers needs on its device. */
export async function prepareOnDevice(gpu: Gpu, model: DeviceModel): Promise<PreparedField> {
  const constants = { DIM: model.dim };
  const [input, outside] = await Promise.all([
    gpu.kernel('field/model_input', { constants }),
    gpu.kernel('field/outside', { constants, conditions: { on_device: true } }),
  ]);
  return {
    ...operationOf(outside),
    boundBytes(capacity) {
      const sizes = Object.values(sizesOf(model, input, capacity));
      return sizes.reduce((sum, size) => sum + size, OutsideReadback.bytes(0, capacity));
    },
    bind: (batch) => new OnDevice(gpu, { input, outside }, batch, model),
  };
}

/** A model over buffers, in a run. The host waits for nothing but the times of trajectories that have their own. */
class OnDevice implements BoundField {
  readonly encode: BoundField['encode'];
  readonly tell: BoundField['tell'];
  private readonly conditions: RowConditions;
  private readonly buffers: Record<'states' | 'times' | 'translations' | 'computed' | 'part', GPUBuffer>;
  private readonly inputGroup: GPUBindGroup;
  private readonly part: ArrayBuffer;
  private readonly own: OutsideReadback;
  /** Whether a prediction was once copied, and nothing was wrong with its buffer. */
  private proven = false;

  constructor(
    private readonly gpu: Gpu,
    private readonly kernels: DeviceKernels,
    batch: BatchBuffers,
    private readonly model: DeviceModel,
  ) {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const sizes = sizesOf(model, kernels.input, batch.capacity);
    const buffer = (name: keyof typeof sizes, usage: number) =>
      gpu.buffer(`${name} of the model`, usage | COPY_DST, sizes[name]);
    this.buffers = {
      states: buffer('states', STORAGE | COPY_SRC),
      times: buffer('times', STORAGE | COPY_SRC),
      translations: buffer('translations', STORAGE),
      computed: buffer('computed', STORAGE),
      part: buffer('part', UNIFORM),
    };
    const { computed, translations } = this.buffers;
    this.inputGroup = kernels.input.bind({ ...this.buffers, slots: batch.slots });
    this.part = new ArrayBuffer(sizes.part);
    this.encode = boundKernel(kernels.outside, { ...shared(batch), computed, translations }, (count) =>
      numberGroups(count * model.dim),
    ).encode;
    this.own = new OutsideReadback(gpu, batch, 0);
    this.conditions = new RowConditions(model.chosen, batch.capacity);
    this.tell = this.conditions.tell;
  }

  compute(encoder: GPUCommandEncoder, evaluation: OutsideEvaluation): Promise<void> {
    return this.model.turns.take(() => this.predict(encoder, evaluation));
  }

  destroy(): void {
    this.own.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  private async predict(encoder: GPUCommandEncoder, evaluation: OutsideEvaluation): Promise<void> {
    const { device } = this.gpu;
    const { dim, terms } = this.model;
    const { state, sigma, count, signal } = evaluation;
    let sigmas: Float32Array;
    if (typeof sigma === 'number') {
      sigmas = new Float32Array(count).fill(sigma);
      device.queue.submit([encoder.finish()]);
    } else {
      ({ sigmas } = await this.own.read(encoder, evaluation));
    }
    // What was recorded still read those of the evaluation before.
    const translations = terms
      .translations(sigmas)
      .flatMap(({ time, input, skip, out }) => [time, input, skip, out]);
    device.queue.writeBuffer(this.buffers.translations, 0, new Float32Array(translations));
    const most = Math.min(this.model.most, count);
    for (let first = 0; first < count; first += most) {
      const part = Math.min(most, count - first);
      signal?.throwIfAborted();
      const predicted = await this.predictedOf(state + first * dim, first, part, signal);
      const copy = device.createCommandEncoder();
      copy.copyBufferToBuffer(predicted, 0, this.buffers.computed, 4 * first * dim, 4 * part * dim);
      await this.submitCopy(copy);
    }
  }

  /** What the model answers for trajectories [first, first + count), of which the first is at `state`. */
  private async predictedOf(
    state: number,
    first: number,
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<GPUBuffer> {
    const { gpu, part, buffers } = this;
    const { device } = gpu;
    const { input } = this.kernels;
    const { dim, predict } = this.model;
    const { states, times } = buffers;
    input.layout.pack('part', { state, first, count }, part, 0);
    device.queue.writeBuffer(buffers.part, 0, part);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(input.pipeline);
    pass.setBindGroup(0, this.inputGroup);
    pass.dispatchWorkgroups(...numberGroups(count * dim));
    pass.end();
    device.queue.submit([encoder.finish()]);
    // A model may wait for a device that is lost.
    const inputs = { device, states, times, count, ...this.conditions.of(first, first + count), signal };
    const predicted = gpu.settle(answerOf('predictOnDevice', signal, () => predict(inputs)));
    return checked(await predicted, count, dim);
  }

  /** @throws FewstepError bad-field where the buffer that is copied is not of this device, or destroyed */
  private async submitCopy(encoder: GPUCommandEncoder): Promise<void> {
    const { device } = this.gpu;
    if (this.proven) {
      device.queue.submit([encoder.finish()]);
      return;
    }
    device.pushErrorScope('validation');
    device.queue.submit([encoder.finish()]);
    const error = await this.gpu.settle(device.popErrorScope());
    this.proven = error === null;
    if (this.proven) return;
    throw new FewstepError(
      'bad-field',
      `the external field's buffer cannot be copied: ${error!.message}`,
      'return a buffer that the given device made, and keep it until the next call',
    );
  }
}

function sizesOf({ dim, most }: DeviceModel, input: Kernel, capacity: number) {
  const atOnce = Math.min(most, capacity);
  return {
    states: 4 * dim * atOnce,
    times: 4 * atOnce,
    translations: 4 * TRANSLATION * capacity,
    computed: 4 * dim * capacity,
    part: input.layout.bindings.find(({ name }) => name === 'part')!.size,
  };
}

function checked(predicted: GPUBuffer, count: number, dim: number): GPUBuffer {
  const bytes = 4 * count * dim;
  const wrong =
    typeof predicted?.usage !== 'number'
      ? `${predicted === null ? 'null' : typeof predicted}, no buffer`
      : predicted.size < bytes
        ? `a buffer of ${predicted.size} bytes for ${count} states of ${dim}`
        : predicted.usage & GPUBufferUsage.COPY_SRC
          ? undefined
          : 'a buffer that cannot be copied from';
  if (!wrong) return predicted;
  throw new FewstepError(
    'bad-field',
    `the external field returned ${wrong}`,
    `return a GPUBuffer with [count, dim] float32, here ${bytes} bytes, whose usage has COPY_SRC`,
  );
}
