import { unlessAborted } from '../abort.js';
import { FewstepError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Kernel } from '../gpu/kernel.js';
import { OutsideReadback } from './external-readback.js';
import { answerOf, type ModelTerms, RowConditions, type Turns } from './external-terms.js';
import type { BatchBuffers, BoundField, OutsideEvaluation, PreparedField } from './field.js';
import { boundKernel, numberGroups, operationOf, shared } from './operation.js';

/**
 * What the model says of some states, as it was trained: its own code, on whatever runs it.
 * @param states x_t = alpha-bar(t) x, [count, dim]
 * @param times t of the model's process, or what `modelTime` makes of it, one a state; sigma where it has no process
 * @param context its signal aborts when the run that asks is stopped: nobody then waits for the answer, and the next call
 *   may come before it, so what can do one thing at a time has to heed it; of a field with conditions, which one each state
 *   has, [count]
 * @returns the prediction, [count, dim]
 */
export type Predict = (
  states: Float32Array,
  times: Float32Array,
  context: { signal?: AbortSignal; conditions?: Uint32Array },
) => ArrayLike<number> | Promise<ArrayLike<number>>;

interface HostModel {
  dim: number;
  most: number;
  terms: ModelTerms;
  turns: Turns;
  /** The model's own numbers of the field's conditions, where it has some. */
  chosen: readonly number[] | undefined;
  predict: Predict;
}

/** Compiles what a model over arrays needs on a device. */
export async function prepareOnHost(gpu: Gpu, model: HostModel): Promise<PreparedField> {
  const { dim } = model;
  const kernel = await gpu.kernel('field/outside', { constants: { DIM: dim } });
  return {
    ...operationOf(kernel),
    boundBytes: (capacity) => 4 * dim * capacity + OutsideReadback.bytes(dim, capacity),
    bind: (batch) => new OnHost(gpu, kernel, batch, model),
  };
}

/**
 * A model over arrays, in a run: its states are read, and D is written for the kernel that makes of it what the plan
 * asks for.
 */
class OnHost implements BoundField {
  readonly encode: BoundField['encode'];
  readonly tell: BoundField['tell'];
  private readonly conditions: RowConditions;
  private readonly denoised: GPUBuffer;
  private readonly readback: OutsideReadback;

  constructor(
    private readonly gpu: Gpu,
    kernel: Kernel,
    batch: BatchBuffers,
    private readonly model: HostModel,
  ) {
    const { dim } = model;
    const { STORAGE, COPY_DST } = GPUBufferUsage;
    this.denoised = gpu.buffer('denoised elsewhere', STORAGE | COPY_DST, 4 * dim * batch.capacity);
    this.readback = new OutsideReadback(gpu, batch, dim);
    const buffers = { ...shared(batch), computed: this.denoised };
    this.encode = boundKernel(kernel, buffers, (count) => numberGroups(count * dim)).encode;
    this.conditions = new RowConditions(model.chosen, batch.capacity);
    this.tell = this.conditions.tell;
  }

  async compute(encoder: GPUCommandEncoder, evaluation: OutsideEvaluation): Promise<void> {
    const { states, sigmas } = await this.readback.read(encoder, evaluation);
    const { signal } = evaluation;
    const denoised = await this.model.turns.take(() =>
      unlessAborted(denoisedBy(this.model, states, sigmas, this.conditions, signal), signal),
    );
    this.gpu.device.queue.writeBuffer(this.denoised, 0, denoised);
  }

  destroy(): void {
    this.denoised.destroy();
    this.readback.destroy();
  }
}

/** D of some states at a sigma each, and under a condition each where there are some. */
async function denoisedBy(
  { dim, most, terms, predict }: HostModel,
  states: Float32Array,
  sigmas: Float32Array,
  conditions: RowConditions,
  signal: AbortSignal | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const all = new Float32Array(states.length);
  for (let first = 0; first < sigmas.length; first += most) {
    signal?.throwIfAborted();
    const end = Math.min(first + most, sigmas.length);
    const translations = terms.translations(sigmas.subarray(first, end));
    const part = states.subarray(first * dim, end * dim);
    const inputs = part.map((x, i) => translations[Math.floor(i / dim)].input * x);
    const times = Float32Array.from(translations, ({ time }) => time);
    const context = { signal, ...conditions.of(first, end) };
    const answer = await answerOf('predict', signal, () => predict(inputs, times, context));
    const predicted = checked(answer, end - first, dim);
    for (const [i, x] of part.entries()) {
      const { skip, out } = translations[Math.floor(i / dim)];
      all[first * dim + i] = skip * x + out * predicted[i];
    }
  }
  return all;
}

function checked(predicted: ArrayLike<number>, count: number, dim: number): ArrayLike<number> {
  if (predicted?.length === count * dim) return predicted;
  throw new FewstepError(
    'bad-field',
    `the external field returned ${predicted?.length ?? predicted} numbers for ${count} states of ${dim}`,
    'return an array of [count, dim] numbers',
  );
}
