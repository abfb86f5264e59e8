import { checkEntries, type Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { checkGpu } from '../gpu/check.js';
import { folded } from '../gpu/dispatch.js';
import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from '../mlp/config.js';
import { checkParameters } from '../mlp/parameters.js';
import { HISTORY, STRIDE } from '../train/buffers.js';
import { checkState } from '../train/check-state.js';
import {
  runUniform,
  SID_STEPS_PER_SUBMIT,
  type SidBuffers,
  type SidSlots,
  sidBuffers,
  sidSlots,
} from './buffers.js';
import { type Player, placeOf, updateOf } from './draws.js';
import { type SidKernels, sidKernels } from './kernels.js';
import { type LearnerState, PASS_COUNT, type SidMemory, SidNetworks } from './networks.js';
import { objectiveOf } from './objective.js';
import type { GeneratorBatch } from './reference.js';
import { type SidSettings, sidSettings } from './settings.js';
import { updateUniform } from './update-uniform.js';

/** All that a run needs to go on as if it had never stopped, besides its settings and its teacher. */
export interface SidState {
  /** Steps done. */
  step: number;
  generator: LearnerState;
  fake: LearnerState;
}

/** A teacher, how it is distilled, and where to go on. */
export interface SidTrainerOptions {
  /** Of all three networks. */
  config: MlpConfig;
  /** Parameters of the teacher, [parameterLayout.size], where both other networks begin. */
  teacher: Float32Array;
  settings: SidSettings;
  /** Where to go on; by default at step 0. */
  state?: SidState;
}

/** What the steps of one submit came to. */
export interface SidFigures {
  /** The first of them, from 0. */
  firstStep: number;
  /** Of each step: the mean loss of the batch, and the norm of the gradient. */
  fake: { losses: Float32Array; norms: Float32Array };
  generator: { losses: Float32Array; norms: Float32Array };
}

/** A batch as the GPU has it, and the gradients that it and the one before it led to. */
export interface SidBatch extends GeneratorBatch {
  /** Of the fake score's loss, [trajectories]. */
  weight: Float32Array;
  /** Of both networks, [parameterLayout.size] each. */
  gradient: Record<Player, Float32Array>;
}

const ENTRIES: Entries<SidTrainerOptions> = { config: true, teacher: true, settings: true, state: false };
const INVOCATIONS = 64;
/** In the order of their updates. */
const PLAYERS = ['fake', 'generator'] as const;

/** The state that a run begins with: all networks are the teacher. */
export function initialSidState(teacher: Float32Array): SidState {
  const begin = (): LearnerState => ({
    parameters: teacher.slice(),
    average: teacher.slice(),
    first: new Float32Array(teacher.length),
    second: new Float32Array(teacher.length),
  });
  return { step: 0, generator: begin(), fake: begin() };
}

/**
 * Distils a network into a generator of one evaluation, g(z) = D(generatorSigma z, generatorSigma), without data (score
 * identity distillation, arXiv 2404.04057). In each step the fake score learns to denoise what the generator makes, by
 * EDM's loss, and then the generator learns from the difference of the teacher's D and the fake score's. All is
 * compiled, allocated and bound once, a step never leaves the GPU, and many go into one submit; the same settings,
 * teacher and state give the same bits on the same adapter, however the steps are shared out among submits.
 */
export class SidTrainer {
  private readonly groups: Record<keyof SidKernels, GPUBindGroup>;
  private readonly uniforms = new ArrayBuffer(2 * SID_STEPS_PER_SUBMIT * STRIDE);
  private readonly slots: SidSlots;
  private done: number;
  /** Steps of the last submit. */
  private last = 0;
  private destroyed = false;

  private constructor(
    private readonly gpu: Gpu,
    private readonly options: SidTrainerOptions,
    private readonly networks: SidNetworks,
    private readonly buffers: SidBuffers,
    private readonly kernels: SidKernels,
  ) {
    const { config, settings, state } = options;
    this.done = state?.step ?? 0;
    this.slots = sidSlots(settings.batch, config.dim);
    const shared = { ...buffers, operation: buffers.updates };
    this.groups = Object.fromEntries(
      Object.entries(kernels).map(([key, kernel]) => [key, kernel.bind(shared)]),
    ) as typeof this.groups;
    const { queue } = gpu.device;
    const run = runUniform(this.slots, settings, objectiveOf(settings));
    queue.writeBuffer(buffers.run, 0, kernels.lossGenerator.layout.pack('run', run));
    queue.writeBuffer(buffers.passes, 0, networks.pack(this.slots, settings.generatorSigma));
  }

  /** @throws FewstepError bad-shape for parameters or a state that are not the configuration's, as `sidSettings`, device-limit */
  static async create(gpu: Gpu, options: SidTrainerOptions): Promise<SidTrainer> {
    checkGpu(gpu);
    checkEntries("SidTrainer's options", options, ENTRIES);
    const { config } = options;
    const settings = sidSettings(options.settings);
    checkParameters(config, options.teacher);
    const teacher = Float32Array.from(options.teacher);
    const { step, generator, fake } = options.state ?? initialSidState(teacher);
    checkState(config, step, generator, fake);
    const buffers = sidBuffers(gpu, settings.batch, config.dim, PASS_COUNT);
    const [networks, kernels] = await Promise.all([
      SidNetworks.create(gpu, config, settings.batch, buffers, { teacher, fake, generator }),
      sidKernels(gpu, config, objectiveOf(settings)),
    ]);
    return new SidTrainer(gpu, { ...options, settings, teacher }, networks, buffers, kernels);
  }

  /** Steps submitted. */
  get step(): number {
    return this.done;
  }

  /** What it takes on the device. */
  get memory(): SidMemory {
    return this.networks.memory(this.buffers);
  }

  /**
   * Records and submits the next `count` steps, 1 to 128. Nobody waits for them.
   * @param players whose updates; of the others there are no figures
   * @throws FewstepError bad-argument for another number of steps, or after `destroy`
   */
  submit(count: number, players: readonly Player[] = PLAYERS): void {
    if (this.destroyed) throw new FewstepError('bad-argument', 'the trainer was destroyed', 'make another');
    if (!(Number.isInteger(count) && count >= 1 && count <= SID_STEPS_PER_SUBMIT)) {
      throw new FewstepError(
        'bad-argument',
        `${count} steps in one submit`,
        `give a whole number from 1 to ${SID_STEPS_PER_SUBMIT}`,
      );
    }
    const { device } = this.gpu;
    const { config, settings } = this.options;
    for (let entry = 0; entry < count; entry++) {
      for (const player of PLAYERS) {
        const place = { step: this.done + entry, entry: updateOf(entry, player), player };
        const value = updateUniform(config, settings, this.slots, place);
        this.networks[player].optimiser.pack(value, this.uniforms, updateOf(entry, player) * STRIDE);
      }
    }
    device.queue.writeBuffer(this.buffers.updates, 0, this.uniforms, 0, 2 * count * STRIDE);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.networks.begin(pass);
    for (let entry = 0; entry < count; entry++) {
      if (players.includes('fake')) this.recordFake(pass, updateOf(entry, 'fake') * STRIDE);
      if (players.includes('generator')) this.recordGenerator(pass, updateOf(entry, 'generator') * STRIDE);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    this.done += count;
    this.last = count;
  }

  /**
   * Waits for the last submit and reads its losses.
   * @throws FewstepError not-finite naming the first step and the network whose loss or gradient was NaN or infinite;
   *   the parameters of both are those before it
   */
  async figures(): Promise<SidFigures> {
    const bytes = await this.gpu.read(this.buffers.figures, HISTORY + 16 * this.last);
    const [complement] = new Uint32Array(bytes, 0, 1);
    if (complement !== 0) throw diverged(~complement >>> 0);
    const numbers = new Float32Array(bytes, HISTORY);
    const column = (index: number) => numbers.filter((_, i) => i % 4 === index);
    return {
      firstStep: this.done - this.last,
      fake: { losses: column(0), norms: column(1) },
      generator: { losses: column(2), norms: column(3) },
    };
  }

  /** Waits for all submits and reads the average of the generator's parameters: what the distillation is for. */
  async average(): Promise<Float32Array> {
    return this.read(this.networks.generator.optimiser.kept.average);
  }

  /** Waits for all submits and reads the state. */
  async state(): Promise<SidState> {
    const step = this.done;
    const stateOf = async ({ network, optimiser }: SidNetworks['fake']): Promise<LearnerState> => {
      const { average, first, second } = optimiser.kept;
      const [p, a, m, v] = await Promise.all(
        [network.parameters, average, first, second].map((buffer) => this.read(buffer)),
      );
      return { parameters: p, average: a, first: m, second: v };
    };
    const [generator, fake] = await Promise.all([
      stateOf(this.networks.generator),
      stateOf(this.networks.fake),
    ]);
    return { step, generator, fake };
  }

  /** The batch of the last update, and the gradients of both networks' last ones. */
  async lastBatch(): Promise<SidBatch> {
    const { config, settings } = this.options;
    const { batch } = settings;
    const { generator, fake } = this.networks;
    const [states, columns, toGenerator, toFake] = await Promise.all(
      [this.buffers.slots, this.buffers.columns, generator.passes.gradient, fake.passes.gradient].map(
        (buffer) => this.read(buffer),
      ),
    );
    const slot = (begin: number) => states.slice(begin, begin + batch * config.dim);
    return {
      latents: slot(this.slots.latents),
      generated: slot(this.slots.generated),
      noisy: slot(this.slots.noisy),
      sigma: columns.slice(0, batch),
      weight: columns.slice(batch),
      ...(config.classes > 0 && { labels: new Uint32Array(await this.gpu.read(this.buffers.labels)) }),
      gradient: { generator: toGenerator, fake: toFake },
    };
  }

  /** Frees what it has on the device. */
  destroy(): void {
    this.destroyed = true;
    this.networks.destroy();
    for (const buffer of Object.values(this.buffers)) buffer.destroy();
  }

  private recordFake(pass: GPUComputePassEncoder, update: number): void {
    this.recordSamples(pass, 'drawFake', update);
    this.networks.denoiseFake(pass);
    this.dispatch(pass, 'lossFake', update, this.options.settings.batch);
    this.networks.learnFake(pass, update);
  }

  private recordGenerator(pass: GPUComputePassEncoder, update: number): void {
    const { batch } = this.options.settings;
    this.recordSamples(pass, 'drawGenerator', update);
    this.networks.denoiseReal(pass);
    this.networks.denoiseFake(pass);
    this.dispatch(pass, 'lossGenerator', update, batch);
    this.networks.pull(pass);
    this.dispatch(pass, 'join', update, batch * this.options.config.dim);
    this.networks.learnGenerator(pass, update);
  }

  /** y and y_t. */
  private recordSamples(
    pass: GPUComputePassEncoder,
    draw: 'drawFake' | 'drawGenerator',
    update: number,
  ): void {
    const invocations = this.options.settings.batch * Math.ceil(this.options.config.dim / 4);
    this.dispatch(pass, draw, update, invocations);
    this.networks.generate(pass);
    this.dispatch(pass, 'noise', update, invocations);
  }

  private dispatch(
    pass: GPUComputePassEncoder,
    name: keyof SidKernels,
    update: number,
    invocations: number,
  ): void {
    pass.setPipeline(this.kernels[name].pipeline);
    pass.setBindGroup(0, this.groups[name], [update]);
    pass.dispatchWorkgroups(...folded(Math.ceil(invocations / INVOCATIONS)));
  }

  private async read(buffer: GPUBuffer): Promise<Float32Array> {
    return new Float32Array(await this.gpu.read(buffer));
  }
}

function diverged(update: number): FewstepError {
  const { step, player } = placeOf(update);
  const name = player === 'fake' ? 'fake score' : 'generator';
  return new FewstepError(
    'not-finite',
    `the distillation broke at step ${step}: the loss or gradient of the ${name} is not finite`,
    `use a smaller learning rate of the ${name}, from the beginning or from a checkpoint before it`,
  );
}
