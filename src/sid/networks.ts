import type { Gpu } from '../gpu/gpu.js';
import type { MlpConfig } from '../mlp/config.js';
import type { Network } from '../mlp/network.js';
import { NetworkPasses } from '../mlp/passes.js';
import { tunedNetwork } from '../mlp/tuned-network.js';
import { STRIDE } from '../train/buffers.js';
import { type Moments, Optimiser } from '../train/optimiser.js';
import type { SidBuffers, SidSlots } from './buffers.js';

/** Where the networks' passes have their uniforms. */
const PASSES = [
  'generate',
  'pullGenerated',
  'learnGenerator',
  'real',
  'pullReal',
  'fake',
  'pullFake',
  'learnFake',
] as const;
type PassName = (typeof PASSES)[number];
export const PASS_COUNT = PASSES.length;

const PASS = Object.fromEntries(PASSES.map((name, i) => [name, i * STRIDE])) as Record<PassName, number>;

/** A network over the batch. */
interface Placed {
  network: Network;
  passes: NetworkPasses;
}

interface Learner extends Placed {
  optimiser: Optimiser;
}

/** A network that learns, as it is at some step. */
export interface LearnerState extends Moments {
  /** [parameterLayout.size]. */
  parameters: Float32Array;
}

/** What a distillation takes on the device, bytes: of each network, and in all. */
export interface SidMemory {
  teacher: number;
  fake: number;
  generator: number;
  /** What the batch needs besides. */
  batch: number;
  total: number;
}

/** The three networks over one batch: a frozen teacher, and two that begin as it and learn. */
export class SidNetworks {
  private constructor(
    private readonly batch: number,
    private readonly teacher: Placed,
    readonly fake: Learner,
    readonly generator: Learner,
  ) {}

  static async create(
    gpu: Gpu,
    config: MlpConfig,
    batch: number,
    buffers: SidBuffers,
    states: { teacher: Float32Array; fake: LearnerState; generator: LearnerState },
  ): Promise<SidNetworks> {
    const { slots, columns, labels, losses, figures, passes: operation, updates } = buffers;
    const shared = { slots, columns, operation, capacity: batch, ...(config.classes > 0 && { labels }) };
    const placed = async (parameters: Float32Array, frozen: boolean): Promise<Placed> => {
      const network = await tunedNetwork(gpu, config, parameters, ['forward', 'backward']);
      return { network, passes: await NetworkPasses.create(network, { ...shared, frozen }) };
    };
    const learner = async (state: LearnerState): Promise<Learner> => {
      const { network, passes } = await placed(state.parameters, false);
      const own = { parameters: network.parameters, gradient: passes.gradient };
      const optimiser = await Optimiser.create(gpu, { ...own, losses, figures, operation: updates }, state);
      return { network, passes, optimiser };
    };
    const [teacher, fake, generator] = await Promise.all([
      placed(states.teacher, true),
      learner(states.fake),
      learner(states.generator),
    ]);
    return new SidNetworks(batch, teacher, fake, generator);
  }

  /** The uniforms of all passes. */
  pack(slots: SidSlots, generatorSigma: number): ArrayBuffer {
    const bytes = new ArrayBuffer(PASS_COUNT * STRIDE);
    const drawn = { column: 0, scale: 1, offset: 0 };
    const fixed = { column: -1, scale: 0, offset: generatorSigma };
    const noisy = { state: slots.noisy, trajectories: this.batch, sigma: drawn };
    const latents = { state: slots.latents, trajectories: this.batch, sigma: fixed };
    const denoised = { velocity: 0, divisor: fixed };
    const { generator, teacher, fake } = this;
    generator.passes.pack(
      'forward',
      { ...latents, ...denoised, output: slots.generated },
      bytes,
      PASS.generate,
    );
    // What the generator's product comes to at its latents is not used: it goes where there is room.
    const back = { cotangent: slots.to_generated, output: slots.pulled_real };
    generator.passes.pack('vjp', { ...latents, ...back }, bytes, PASS.pullGenerated);
    generator.passes.pack('weightGradient', latents, bytes, PASS.learnGenerator);
    teacher.passes.pack('forward', { ...noisy, ...denoised, output: slots.real }, bytes, PASS.real);
    const real = { cotangent: slots.to_real, output: slots.pulled_real };
    teacher.passes.pack('vjp', { ...noisy, ...real }, bytes, PASS.pullReal);
    fake.passes.pack('forward', { ...noisy, ...denoised, output: slots.fake }, bytes, PASS.fake);
    const own = { cotangent: slots.to_fake, output: slots.pulled_fake };
    fake.passes.pack('vjp', { ...noisy, ...own }, bytes, PASS.pullFake);
    fake.passes.pack('weightGradient', noisy, bytes, PASS.learnFake);
    return bytes;
  }

  /** Records what vjps need of parameters that may have changed: once a submit. */
  begin(pass: GPUComputePassEncoder): void {
    for (const { passes } of [this.teacher, this.fake, this.generator]) passes.transpose(pass);
  }

  /** Records y = g(z). */
  generate(pass: GPUComputePassEncoder): void {
    this.generator.passes.forward(pass, PASS.generate, this.batch);
  }

  /** Records D of the fake score at y_t. */
  denoiseFake(pass: GPUComputePassEncoder): void {
    this.fake.passes.forward(pass, PASS.fake, this.batch);
  }

  /** Records D of the teacher at y_t. */
  denoiseReal(pass: GPUComputePassEncoder): void {
    this.teacher.passes.forward(pass, PASS.real, this.batch);
  }

  /** Records what both cotangents come to at y_t. */
  pull(pass: GPUComputePassEncoder): void {
    this.teacher.passes.vjp(pass, PASS.pullReal, this.batch);
    this.fake.passes.vjp(pass, PASS.pullFake, this.batch);
  }

  /** Records an update of the fake score, from its cotangent. @param update offset of its uniform */
  learnFake(pass: GPUComputePassEncoder, update: number): void {
    this.fake.passes.vjp(pass, PASS.pullFake, this.batch);
    this.learn(pass, this.fake, PASS.learnFake, update);
  }

  /** Records an update of the generator, from the cotangent of y. @param update offset of its uniform */
  learnGenerator(pass: GPUComputePassEncoder, update: number): void {
    this.generator.passes.vjp(pass, PASS.pullGenerated, this.batch);
    this.learn(pass, this.generator, PASS.learnGenerator, update);
  }

  /** @param buffers of the batch besides */
  memory(buffers: SidBuffers): SidMemory {
    const of = ({ network, passes }: Placed) => network.allocated + passes.allocated;
    const learning = (learner: Learner) => of(learner) + learner.optimiser.allocated;
    const batch = Object.values(buffers).reduce((sum: number, { size }: GPUBuffer) => sum + size, 0);
    const each = {
      teacher: of(this.teacher),
      fake: learning(this.fake),
      generator: learning(this.generator),
      batch,
    };
    return { ...each, total: Object.values(each).reduce((sum, bytes) => sum + bytes, 0) };
  }

  destroy(): void {
    for (const { network, passes } of [this.teacher, this.fake, this.generator]) {
      passes.destroy();
      network.destroy();
    }
    for (const { optimiser } of [this.fake, this.generator]) optimiser.destroy();
  }

  private learn(pass: GPUComputePassEncoder, learner: Learner, offset: number, update: number): void {
    learner.passes.weightGradient(pass, offset, this.batch);
    learner.optimiser.record(pass, update);
    learner.passes.transpose(pass);
  }
}
