import { checkEntries, type Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { checkGpu } from '../gpu/check.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from '../mlp/config.js';
import type { Network } from '../mlp/network.js';
import { initialParameters } from '../mlp/parameters.js';
import { NetworkPasses } from '../mlp/passes.js';
import { tunedNetwork } from '../mlp/tuned-network.js';
import { TRAINING_STREAM, VALIDATION_STREAM } from '../rng/streams.js';
import {
  HISTORY,
  SLOTS,
  STEPS_PER_SUBMIT,
  STRIDE,
  slotStride,
  type TrainingBuffers,
  trainingBuffers,
  VALIDATION_BATCHES,
} from './buffers.js';
import { checkState } from './check-state.js';
import { ownData, type TrainingData } from './data.js';
import { type TrainingKernels, trainingKernels } from './kernels.js';
import { levelTable } from './level-table.js';
import { Optimiser } from './optimiser.js';
import type { DrawnBatch, OptimiserState } from './reference.js';
import { type TrainingSettings, trainingSettings } from './settings.js';
import { type StepPlace, stepUniform } from './step-uniform.js';

/** All that a run needs to go on as if it had never stopped, besides its settings and data. */
export interface TrainingState extends OptimiserState<Float32Array> {
  /** Steps done. */
  step: number;
}

/** A network, what it is trained on, and how. */
export interface TrainerOptions {
  /** Of the network: `mlpConfig`. */
  config: MlpConfig;
  /** `trainingSettings` fills in the usual ones. */
  settings: TrainingSettings;
  /** In the field's units; the network's sigmaData should be their `standardDeviation`. */
  data: TrainingData;
  /** Data that is never trained on; without it there is no validation. */
  heldOut?: TrainingData;
  /** Where to go on; by default fresh parameters of the settings' seed. */
  state?: TrainingState;
}

const ENTRIES: Entries<TrainerOptions> = {
  ...{ config: true, settings: true, data: true, heldOut: false, state: false },
};

/** What the steps of one submit came to. */
export interface StepFigures {
  /** The first of them, from 0. */
  firstStep: number;
  /** Mean loss of each step's batch. */
  losses: Float32Array;
  /** Norm of each step's gradient, before clipping. */
  norms: Float32Array;
}

/** Where the network's passes have their uniforms. */
const PASS = { forward: 0, vjp: STRIDE, weightGradient: 2 * STRIDE } as const;
const INVOCATIONS = 64;

/** The state that a run of these settings starts from. */
export function initialState(config: MlpConfig, seed: number): TrainingState {
  const parameters = initialParameters(config, seed);
  const zeros = () => new Float32Array(parameters.length);
  return { step: 0, parameters, average: parameters.slice(), first: zeros(), second: zeros() };
}

/**
 * Trains a denoiser by score matching. All is compiled, allocated and bound once; the GPU draws, computes and
 * applies a step without the host, and many steps go into one submit. The same settings, data and state give the
 * same bits on the same adapter, however the steps are shared out among submits.
 */
export class Trainer {
  private readonly groups: Record<'draw' | 'validationDraw' | 'loss' | 'validate', GPUBindGroup>;
  private readonly uniforms = new ArrayBuffer(STEPS_PER_SUBMIT * STRIDE);
  private done: number;
  /** Steps of the last submit. */
  private last = 0;
  private destroyed = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly options: TrainerOptions,
    private readonly network: Network,
    private readonly buffers: TrainingBuffers,
    private readonly passes: NetworkPasses,
    private readonly kernels: TrainingKernels,
    private readonly optimiser: Optimiser,
  ) {
    this.done = options.state?.step ?? 0;
    const { steps, dataLabels, heldOutLabels, heldOut, data, ...own } = buffers;
    const shared = { ...own, operation: steps, parts: optimiser.parts };
    const { 'train/draw': draw, 'train/loss': loss, 'train/measure': measure } = kernels;
    this.groups = {
      draw: draw.bind({ ...shared, data, row_labels: dataLabels }),
      validationDraw: draw.bind({ ...shared, data: heldOut, row_labels: heldOutLabels }),
      loss: loss.bind(shared),
      validate: measure.bind({ ...shared, figures: buffers.validationFigures }),
    };
    this.packPasses();
    this.packValidation();
  }

  /**
   * Compiles, allocates and uploads.
   * @throws FewstepError bad-shape, not-finite or bad-data naming the row of data that are not the configuration's;
   *   bad-shape for a state that is not; as `trainingSettings`, and bad-argument for the loss 'prediction' of a network
   *   without a convention; device-limit
   */
  static async create(gpu: Gpu, options: TrainerOptions): Promise<Trainer> {
    checkGpu(gpu);
    checkEntries("Trainer's options", options, ENTRIES);
    const { config } = options;
    const settings = trainingSettings(options.settings);
    const data = ownData(config, options.data, 'training data');
    const heldOut = options.heldOut && ownData(config, options.heldOut, 'held-out data');
    const state = options.state ?? initialState(config, settings.seed);
    checkState(config, state.step, state);
    const levels = levelTable(config, settings);
    const network = await tunedNetwork(gpu, config, state.parameters, ['forward', 'backward']);
    const buffers = trainingBuffers(gpu, config, settings.batch, data, heldOut, state.parameters, levels);
    const { slots, columns, passes: operation, losses, figures, steps } = buffers;
    const labels = config.classes > 0 ? { labels: buffers.labels } : {};
    const batch = { slots, columns, operation, capacity: settings.batch, ...labels };
    const [passes, kernels] = await Promise.all([
      NetworkPasses.create(network, batch),
      trainingKernels(gpu, config, settings),
    ]);
    const learned = { parameters: network.parameters, gradient: passes.gradient };
    const optimiser = await Optimiser.create(gpu, { ...learned, losses, figures, operation: steps }, state);
    return new Trainer(
      gpu,
      { ...options, settings, data, heldOut },
      network,
      buffers,
      passes,
      kernels,
      optimiser,
    );
  }

  /** Steps submitted. */
  get step(): number {
    return this.done;
  }

  /**
   * Records and submits the next `count` steps, 1 to 256. Nobody waits for them.
   * @throws FewstepError bad-argument for another number of steps, or after `destroy`
   */
  submit(count: number): void {
    if (this.destroyed) throw new FewstepError('bad-argument', 'the trainer was destroyed', 'make another');
    if (!(Number.isInteger(count) && count >= 1 && count <= STEPS_PER_SUBMIT)) {
      throw new FewstepError(
        'bad-argument',
        `${count} training steps in one submit`,
        `give a whole number from 1 to ${STEPS_PER_SUBMIT}`,
      );
    }
    const { device } = this.gpu;
    for (let entry = 0; entry < count; entry++) {
      const step = this.done + entry;
      this.packStep(this.uniforms, entry * STRIDE, { step, entry, stream: TRAINING_STREAM });
    }
    device.queue.writeBuffer(this.buffers.steps, 0, this.uniforms, 0, count * STRIDE);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let entry = 0; entry < count; entry++) this.recordStep(pass, entry * STRIDE);
    pass.end();
    device.queue.submit([encoder.finish()]);
    this.done += count;
    this.last = count;
  }

  /**
   * Waits for the last submit and reads its losses.
   * @throws FewstepError not-finite naming the first step whose loss or gradient was NaN or infinite; the
   *   parameters are those before it
   */
  async figures(): Promise<StepFigures> {
    const bytes = await this.gpu.read(this.buffers.figures, HISTORY + 8 * this.last);
    const [complement] = new Uint32Array(bytes, 0, 1);
    if (complement !== 0) throw diverged(~complement >>> 0);
    const { first, second } = pairs(bytes);
    return { firstStep: this.done - this.last, losses: first, norms: second };
  }

  /**
   * The mean loss of the averaged parameters over batches of the held-out data, always the same rows and noise, so
   * that figures can be compared.
   * @throws FewstepError bad-argument where there are no held-out data
   */
  async validate(): Promise<number> {
    if (!this.options.heldOut) {
      throw new FewstepError('bad-argument', 'there are no held-out data', 'give some when training begins');
    }
    const { aside, validationFigures } = this.buffers;
    const { average } = this.optimiser.kept;
    const { parameters } = this.network;
    const { batch } = this.options.settings;
    const encoder = this.gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(parameters, 0, aside, 0, parameters.size);
    encoder.copyBufferToBuffer(average, 0, parameters, 0, parameters.size);
    const pass = encoder.beginComputePass();
    for (let n = 0; n < VALIDATION_BATCHES; n++) {
      const offset = (STEPS_PER_SUBMIT + n) * STRIDE;
      this.dispatch(pass, 'train/draw', 'validationDraw', offset, this.drawInvocations);
      this.passes.forward(pass, PASS.forward, batch);
      this.dispatch(pass, 'train/loss', 'loss', offset, batch);
      this.dispatch(pass, 'train/measure', 'validate', offset, 1);
    }
    pass.end();
    encoder.copyBufferToBuffer(aside, 0, parameters, 0, parameters.size);
    this.gpu.device.queue.submit([encoder.finish()]);
    const losses = pairs(await this.gpu.read(validationFigures)).first;
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  }

  /** Waits for all submits and reads the state. */
  async state(): Promise<TrainingState> {
    const { average, first, second } = this.optimiser.kept;
    const step = this.done;
    const [p, a, m, v] = await Promise.all(
      [this.network.parameters, average, first, second].map((buffer) => this.read(buffer)),
    );
    return { step, parameters: p, average: a, first: m, second: v };
  }

  /** The last batch as it was drawn, and the gradient that it led to. */
  async lastBatch(): Promise<DrawnBatch & { gradient: Float32Array }> {
    const { config, settings } = this.options;
    const { slots, columns, labels } = this.buffers;
    const [states, levels, gradient] = await Promise.all(
      [slots, columns, this.passes.gradient].map((buffer) => this.read(buffer)),
    );
    const stride = slotStride(settings.batch, config.dim);
    const slot = (index: number) =>
      states.slice(index * stride, index * stride + settings.batch * config.dim);
    return {
      clean: slot(SLOTS.clean),
      noisy: slot(SLOTS.noisy),
      sigma: levels.slice(0, settings.batch),
      weight: levels.slice(settings.batch),
      ...(config.classes > 0 && { labels: new Uint32Array(await this.gpu.read(labels)) }),
      gradient,
    };
  }

  /** Frees what it has on the device. */
  destroy(): void {
    this.destroyed = true;
    this.optimiser.destroy();
    this.passes.destroy();
    this.network.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  private recordStep(pass: GPUComputePassEncoder, offset: number): void {
    const { batch } = this.options.settings;
    this.passes.transpose(pass);
    this.dispatch(pass, 'train/draw', 'draw', offset, this.drawInvocations);
    this.passes.forward(pass, PASS.forward, batch);
    this.dispatch(pass, 'train/loss', 'loss', offset, batch);
    this.passes.vjp(pass, PASS.vjp, batch);
    this.passes.weightGradient(pass, PASS.weightGradient, batch);
    this.optimiser.record(pass, offset);
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: keyof TrainingKernels,
    group: keyof Trainer['groups'],
    offset: number,
    invocations: number,
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[group], [offset]);
    pass.dispatchWorkgroups(...folded(Math.ceil(invocations / INVOCATIONS)));
  }

  private get drawInvocations(): number {
    return this.options.settings.batch * Math.ceil(this.options.config.dim / 4);
  }

  private async read(buffer: GPUBuffer): Promise<Float32Array> {
    return new Float32Array(await this.gpu.read(buffer));
  }

  /** The uniforms of the network's passes, which no step changes. */
  private packPasses(): void {
    const { config, settings } = this.options;
    const stride = slotStride(settings.batch, config.dim);
    const sigma = { column: 0, scale: 1, offset: 0 };
    const common = { state: SLOTS.noisy * stride, trajectories: settings.batch, sigma };
    const bytes = new ArrayBuffer(3 * STRIDE);
    const forward = { ...common, output: SLOTS.denoised * stride, velocity: 0, divisor: sigma };
    const vjp = { ...common, cotangent: SLOTS.cotangent * stride, output: SLOTS.pulled * stride };
    this.passes.pack('forward', forward, bytes, PASS.forward);
    this.passes.pack('vjp', vjp, bytes, PASS.vjp);
    this.passes.pack('weightGradient', common, bytes, PASS.weightGradient);
    this.gpu.device.queue.writeBuffer(this.buffers.passes, 0, bytes);
  }

  private packValidation(): void {
    const bytes = new ArrayBuffer(VALIDATION_BATCHES * STRIDE);
    for (let n = 0; n < VALIDATION_BATCHES; n++) {
      this.packStep(bytes, n * STRIDE, { step: n, entry: n, stream: VALIDATION_STREAM });
    }
    this.gpu.device.queue.writeBuffer(this.buffers.steps, STEPS_PER_SUBMIT * STRIDE, bytes);
  }

  private packStep(target: ArrayBuffer, offset: number, place: StepPlace): void {
    const { config, settings } = this.options;
    const value = stepUniform(config, settings, place);
    this.optimiser.pack(value, target, offset);
  }
}

/** The two columns of a history. */
function pairs(bytes: ArrayBuffer): { first: Float32Array; second: Float32Array } {
  const numbers = new Float32Array(bytes, HISTORY);
  const column = (index: number) => numbers.filter((_, i) => i % 2 === index);
  return { first: column(0), second: column(1) };
}

function diverged(step: number): FewstepError {
  return new FewstepError(
    'not-finite',
    `training broke at step ${step}: its loss or gradient is not finite`,
    'begin again with a smaller learning rate, clipping at 1 or a longer warm-up',
  );
}
