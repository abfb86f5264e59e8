import { checkEntries, type Entries } from '../arguments.js';
import { checkWhole } from '../execute/inputs.js';
import type { Gpu } from '../gpu/gpu.js';
import type { DistributionReference } from '../metrics/distribution-reference.js';
import type { MlpModel } from '../mlp/field.js';
import { oneStepPlan } from '../solver/one-step.js';
import { affordableReference } from '../train/assess.js';
import { SID_STEPS_PER_SUBMIT } from './buffers.js';
import { type SidDistances, samplesInSet, samplesOf, TEACHER_SOLVE, USUAL_SOLVE } from './comparison.js';
import type { SidMemory } from './networks.js';
import { type SidSettings, sidSettings } from './settings.js';
import { type SidState, SidTrainer } from './trainer.js';

/** How far a run was at a step. */
export interface SidRecord {
  /** Steps done. */
  step: number;
  /** Mean losses since the record before; none at the beginning. */
  losses?: { generator: number; fake: number };
  /** Of the averaged generator's samples to accurate ones of the teacher, always from the same latents. */
  distances: SidDistances;
}

/** The state of a run that came nearest to the teacher. */
export interface SidBest {
  step: number;
  distances: SidDistances;
  /** The averaged generator's. */
  parameters: Float32Array;
}

/** Sums of the losses since the last record, and over how many steps. */
export interface PendingSums {
  generator: number;
  fake: number;
  steps: number;
}

/** All that a run needs to go on as if it had never stopped, besides its settings and its teacher. */
export interface SidProgress extends SidState {
  history: SidRecord[];
  best: SidBest;
  pending: PendingSums;
}

/** What distances are seen against: of the teacher's own samples to accurate ones of the same teacher. */
export interface Yardstick {
  /** Samples on either side. */
  count: number;
  /** Of the solve that a generator replaces: heun at NFE 18, EDM's own. */
  usual: SidDistances;
  /** Of another accurate solve: what remains because samples are finitely many. */
  floor: SidDistances;
}

/** A teacher, how it is distilled, and how often the generator is measured. */
export interface SidRunOptions {
  teacher: MlpModel;
  settings: SidSettings;
  /** Steps from one measurement of the generator to the next. */
  measureEvery: number;
  /** Samples in each set that is compared; by default 256 to 4096, as many as are quick to make. */
  samples?: number;
  /** Where to go on: what `SidRun.progress` gave. */
  progress?: SidProgress;
  /** Called before anything runs, with what all of it takes on the device. */
  onAllocated?: (memory: SidMemory) => void;
  /** Called while the teacher is sampled, with the share done, 0 to 1. */
  onPrepared?: (share: number) => void;
  signal?: AbortSignal;
}

const ENTRIES: Entries<SidRunOptions> = {
  ...{ teacher: true, settings: true, measureEvery: true, samples: false, progress: false },
  ...{ onAllocated: false, onPrepared: false, signal: false },
};

/** Latents of the sets that progress is measured with, far from the seeds that people sample with. */
const SEEDS = {
  reference: 2 ** 41,
  usual: 2 ** 41 + 2 ** 20,
  floor: 2 ** 41 + 2 ** 21,
  generator: 2 ** 41 + 2 ** 22,
};

/**
 * A distillation into a generator that watches where it goes: the losses do not show convergence, so every
 * `measureEvery` steps the averaged generator is sampled and compared with its teacher, and the nearest state in
 * sliced Wasserstein distance is kept.
 */
export class SidRun {
  private readonly records: SidRecord[];
  private nearest: SidBest;
  private pending: PendingSums;
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly gpu: Gpu,
    private readonly options: SidRunOptions,
    private readonly trainer: SidTrainer,
    private readonly reference: DistributionReference<SidDistances>,
    /** What the distances are seen against. */
    readonly yardstick: Yardstick,
    { history, best, pending }: Pick<SidProgress, 'history' | 'best' | 'pending'>,
  ) {
    this.records = [...history];
    this.nearest = best;
    this.pending = pending;
  }

  /**
   * Samples the teacher for comparisons, which takes a while, and allocates.
   * @throws FewstepError bad-shape for parameters that are not the configuration's, bad-argument for numbers that are not
   *   whole, not-finite where the teacher's samples are, device-limit
   */
  static async create(gpu: Gpu, asked: SidRunOptions): Promise<SidRun> {
    checkEntries("SidRun's options", asked, ENTRIES);
    const { teacher, progress, onAllocated, measureEvery, samples } = asked;
    const settings = sidSettings(asked.settings);
    const { config } = teacher;
    const parameters = Float32Array.from(teacher.parameters);
    const options = { ...asked, settings, teacher: { ...teacher, parameters } };
    checkWhole('measureEvery', measureEvery, 1);
    if (samples !== undefined) checkWhole('number of samples', samples, 2);
    const trainer = await SidTrainer.create(gpu, { config, teacher: parameters, settings, state: progress });
    try {
      onAllocated?.(trainer.memory);
      return await SidRun.prepared(gpu, options, trainer);
    } catch (error) {
      trainer.destroy();
      throw error;
    }
  }

  private static async prepared(gpu: Gpu, options: SidRunOptions, trainer: SidTrainer): Promise<SidRun> {
    const { teacher, progress, onPrepared, signal } = options;
    const { config, parameters } = teacher;
    const count = options.samples ?? samplesInSet(teacher);
    let prepared = 0;
    const set = async (how: typeof TEACHER_SOLVE | typeof USUAL_SOLVE, seed: number) => {
      const onProgress = (done: number) => onPrepared?.((prepared + done / count) / 3);
      const samples = await samplesOf(gpu, teacher, how, { count, seed, onProgress, signal });
      prepared++;
      return samples;
    };
    const reference = affordableReference(await set(TEACHER_SOLVE, SEEDS.reference), config.dim);
    const yardstick = {
      count,
      usual: reference.compare(await set(USUAL_SOLVE, SEEDS.usual)),
      floor: reference.compare(await set(TEACHER_SOLVE, SEEDS.floor)),
    };
    if (progress) return new SidRun(gpu, options, trainer, reference, yardstick, progress);
    const distances = await distancesOf(gpu, options, reference, count, parameters);
    return new SidRun(gpu, options, trainer, reference, yardstick, {
      history: [{ step: 0, distances }],
      best: { step: 0, distances, parameters: parameters.slice() },
      pending: { generator: 0, fake: 0, steps: 0 },
    });
  }

  /** Steps done. */
  get step(): number {
    return this.trainer.step;
  }

  /** What it takes on the device. */
  get memory(): SidMemory {
    return this.trainer.memory;
  }

  /** One record a measurement, oldest first. */
  get history(): readonly SidRecord[] {
    return this.records;
  }

  /**
   * The nearest to the teacher of all that were measured, in sliced Wasserstein distance; the teacher itself at first.
   */
  get best(): SidBest {
    return this.nearest;
  }

  /**
   * Up to `most` steps, but none past the next measurement, and that measurement; after the last step none. One call waits
   * for the other.
   * @returns how many, and the time that they took without measuring, milliseconds
   * @throws FewstepError not-finite naming the step and the network; the best state so far stays
   */
  advance(most: number): Promise<{ count: number; ms: number }> {
    const turn = this.turn.then(() => this.steps(most));
    this.turn = turn.catch(() => {});
    return turn;
  }

  private async steps(most: number): Promise<{ count: number; ms: number }> {
    const { trainer } = this;
    const { measureEvery, settings } = this.options;
    const next = (Math.floor(trainer.step / measureEvery) + 1) * measureEvery;
    const end = Math.min(next, settings.steps);
    const count = Math.min(most, SID_STEPS_PER_SUBMIT, end - trainer.step);
    if (trainer.step >= settings.steps) return { count: 0, ms: 0 };
    const begin = performance.now();
    trainer.submit(count);
    const { generator, fake } = await trainer.figures();
    const ms = performance.now() - begin;
    const plus = (sum: number, losses: Float32Array) => losses.reduce((total, loss) => total + loss, sum);
    this.pending = {
      generator: plus(this.pending.generator, generator.losses),
      fake: plus(this.pending.fake, fake.losses),
      steps: this.pending.steps + count,
    };
    if (trainer.step === end) await this.measure();
    return { count, ms };
  }

  /** What `progress` of the options takes. */
  async progress(): Promise<SidProgress> {
    const state = await this.trainer.state();
    return { ...state, history: [...this.records], best: this.nearest, pending: this.pending };
  }

  /** Frees what it has on the device. */
  destroy(): void {
    this.trainer.destroy();
  }

  private async measure(): Promise<void> {
    const { step } = this.trainer;
    const parameters = await this.trainer.average();
    const { count } = this.yardstick;
    const distances = await distancesOf(this.gpu, this.options, this.reference, count, parameters);
    const { generator, fake, steps } = this.pending;
    this.records.push({ step, losses: { generator: generator / steps, fake: fake / steps }, distances });
    this.pending = { generator: 0, fake: 0, steps: 0 };
    if (distances.slicedWasserstein >= this.nearest.distances.slicedWasserstein) return;
    this.nearest = { step, distances, parameters };
  }
}

async function distancesOf(
  gpu: Gpu,
  { teacher, settings }: SidRunOptions,
  reference: DistributionReference<SidDistances>,
  count: number,
  parameters: Float32Array,
): Promise<SidDistances> {
  const plan = oneStepPlan(settings.generatorSigma);
  const options = { count, seed: SEEDS.generator };
  return reference.compare(await samplesOf(gpu, { ...teacher, parameters }, { plan }, options));
}
