import type { Gpu } from '../../gpu/gpu.js';
import { HISTORY, STRIDE } from '../../train/buffers.js';
import { Optimiser } from '../../train/optimiser.js';
import { ONE_RATE } from '../../train/schedule.js';

export interface OptimiserSchedule {
  /** Updates in all. */
  updates: number;
  /** Learning rate of an update, from 0. */
  rate(update: number): number;
  beta1: number;
  beta2: number;
  /** Gradients of a larger norm are scaled down to this one. */
  clip: number;
  /** The parameters from number `first` on, a multiple of 4, learn at another rate. */
  tail?: { first: number; rate(update: number): number };
  /** Whether an update that is not finite is left out; else none comes after it. */
  skips?: boolean;
}

/**
 * A predictor's weights in training: Adam with the kernels that train networks, whose updates follow each other without
 * the host. Several trainers may share them.
 */
export class NetworkWeights {
  /** Updates recorded. */
  private done = 0;

  private constructor(
    private readonly gpu: Gpu,
    private readonly optimiser: Optimiser,
    private readonly own: Record<'figures' | 'operation', GPUBuffer>,
    /** [networkLayout.size]. */
    readonly weights: GPUBuffer,
    /** Their gradient. */
    readonly gradient: GPUBuffer,
    /** The squared distances of the batch, whose mean goes into the history. */
    readonly errors: GPUBuffer,
  ) {}

  /** @param trajectories in a batch */
  static async create(
    gpu: Gpu,
    parameters: Float32Array,
    trajectories: number,
    schedule: OptimiserSchedule,
  ): Promise<NetworkWeights> {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const { updates } = schedule;
    const kept = STORAGE | COPY_SRC | COPY_DST;
    const weights = gpu.buffer('predictor', kept, parameters);
    const gradient = gpu.buffer('gradient to the predictor', kept, weights.size);
    const errors = gpu.buffer('errors', kept, 4 * trajectories);
    const own = {
      figures: gpu.buffer('figures of all updates', STORAGE | COPY_SRC, HISTORY + 8 * Math.max(1, updates)),
      operation: gpu.buffer('updates', UNIFORM | COPY_DST, STRIDE * Math.max(1, updates)),
    };
    // The average of the weights is kept too; nobody reads it here.
    const optimiser = await Optimiser.create(gpu, { ...own, gradient, parameters: weights, losses: errors });
    const bytes = new ArrayBuffer(STRIDE * updates);
    for (let update = 0; update < updates; update++) {
      const value = stepOf(schedule, update, trajectories);
      optimiser.pack(value, bytes, update * STRIDE);
    }
    gpu.device.queue.writeBuffer(own.operation, 0, bytes);
    return new NetworkWeights(gpu, optimiser, own, weights, gradient, errors);
  }

  /** Records the next update. */
  recordUpdate(pass: GPUComputePassEncoder): void {
    this.optimiser.record(pass, this.done++ * STRIDE);
  }

  /**
   * The weights as they are, the mean squared distances of the updates so far, how many updates were not finite, and
   * the first of those.
   */
  async state(): Promise<{
    parameters: Float32Array;
    meanSquares: Float32Array;
    notFinite: number;
    broken?: number;
  }> {
    const [parameters, bytes] = await Promise.all([
      this.gpu.read(this.weights),
      this.gpu.read(this.own.figures),
    ]);
    const [complement] = new Uint32Array(bytes, 0, 1);
    const numbers = new Float32Array(bytes, HISTORY, 2 * this.done);
    const finite = (update: number) => Number.isFinite(numbers[2 * update] + numbers[2 * update + 1]);
    return {
      parameters: new Float32Array(parameters),
      meanSquares: numbers.filter((_, i) => i % 2 === 0),
      notFinite: Array.from({ length: this.done }, (_, i) => i).filter((i) => !finite(i)).length,
      ...(complement !== 0 && { broken: ~complement >>> 0 }),
    };
  }

  destroy(): void {
    this.optimiser.destroy();
    for (const buffer of [...Object.values(this.own), this.weights, this.gradient, this.errors])
      buffer.destroy();
  }
}

/** Struct Step of shaders/train/step.wgsl, without what concerns the draws. */
function stepOf(schedule: OptimiserSchedule, update: number, trajectories: number) {
  const { rate, tail, skips, beta1, beta2, clip } = schedule;
  // As the GPU has them: 1 - beta2 is a small difference, and the correction has to go with it.
  const [b1, b2] = [Math.fround(beta1), Math.fround(beta2)];
  const unused = ['stream', 'seed_low', 'seed_high', 'dim', 'clean', 'noisy', 'denoised', 'cotangent'];
  const noLevels = ['level_a', 'level_b', 'level_c', 'label_drop'];
  return {
    ...Object.fromEntries([...unused, ...noLevels].map((name) => [name, 0])),
    step: update,
    entry: update,
    trajectories,
    clip: Math.min(clip, 3e38),
    rate: rate(update),
    ...(tail ? { tail: tail.first / 4, tail_rate: tail.rate(update) } : ONE_RATE),
    skips: skips ? 1 : 0,
    weight_decay: 0,
    beta1: b1,
    beta2: b2,
    correction1: 1 / (1 - b1 ** (update + 1)),
    correction2: 1 / (1 - b2 ** (update + 1)),
    epsilon: 1e-8,
    ema_share: 0,
  };
}
