import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { FewstepError } from '../errors.js';
import { Gpu } from '../gpu/gpu.js';
import type { LossRecord } from '../mlp/checkpoint-file.js';
import { namedConvention } from '../mlp/convention.js';
import { type DeviceChoice, type NodeAdapterDescription, openDevice } from '../node/adapter.js';
import { writeAtomic } from '../node/files.js';
import { saveCheckpoint, saveModel } from '../node/model.js';
import { STEPS_PER_SUBMIT } from '../train/buffers.js';
import { Trainer } from '../train/trainer.js';
import { checkOutput, stemOf } from './output.js';
import { runSteps, type SteppedRun } from './steps.js';
import {
  type FreshOptions,
  freshRequest,
  keptOptions,
  type PendingLosses,
  resumedRequest,
  type TrainRequest,
} from './train-request.js';
import { checkImages, type ReportRequest, reportPath, writeTrainingReport } from './training-report.js';

/** What the command line says, as commander hands it over. */
export interface TrainOptions extends FreshOptions {
  out: string;
  resume?: string;
  /** Seconds. */
  checkpointEvery: number;
  report: boolean;
  image?: [number, number];
  device?: DeviceChoice;
  json?: boolean;
}

/** Lines of the loss curve of a long run. */
const RECORDS = 100;
/** Steps from one line to the next at least: a validation costs about five. */
const RECORD_EVERY = 50;

/** Trains, or goes on training, and writes the model and its report. */
export async function runTrain(options: TrainOptions, signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  const { out, resume, checkpointEvery, report: wanted, image, device: choice, json, ...fresh } = options;
  checkOutput('--out', out, '.safetensors');
  const request = await (resume === undefined ? freshRequest(fresh) : resumedRequest(resume, fresh));
  checkImages(request.loaded, image);
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  try {
    const { config, settings, loaded, checkpoint: state } = request;
    const { data, heldOut } = loaded;
    const trainer = await Trainer.create(gpu, { config, settings, data, heldOut, state });
    const run = new TrainRun(trainer, request, out);
    await runSteps(run, signal, 1000 * checkpointEvery);
    const { model, history } = await run.saveModel();
    trainer.destroy();
    if (wanted) await run.report(gpu, adapter, { path: out, model, loaded, history, image }, signal);
    const { training } = model;
    const seconds = (performance.now() - begin) / 1000;
    const report = {
      out,
      ...(wanted && { report: reportPath(out) }),
      config: { ...config, ...(config.convention && { convention: namedConvention(config.convention) }) },
      settings,
      training,
      adapter,
      seconds,
    };
    const sentence =
      `${out}: loss ${shortened(training.losses.training)}, ${shortened(training.losses.validation)} on held-out ` +
      `data, after ${settings.steps} steps; ${seconds.toFixed(1)} s on ${adapter.name}`;
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : sentence}\n`);
  } finally {
    gpu.destroy();
  }
}

/** A training and its files: the checkpoint and the loss curve beside the model. */
class TrainRun implements SteppedRun {
  readonly most = STEPS_PER_SUBMIT;
  private readonly history: LossRecord[];
  private pending: PendingLosses;
  private readonly checkpoint: string;
  private readonly curve: string;
  private readonly recordEvery: number;
  /** Whether a model is there already: then the curve beside it is that model's until this run has ended. */
  private readonly replaces: boolean;

  constructor(
    private readonly trainer: Trainer,
    private readonly request: TrainRequest,
    private readonly out: string,
  ) {
    const { settings, checkpoint, pending } = request;
    this.history = [...(checkpoint?.history ?? [])];
    this.pending = pending;
    const stem = stemOf(out);
    this.checkpoint = `${stem}.checkpoint.safetensors`;
    this.curve = `${stem}.loss.csv`;
    this.replaces = existsSync(out);
    this.recordEvery = Math.max(RECORD_EVERY, Math.ceil(settings.steps / RECORDS));
  }

  get steps(): number {
    return this.request.settings.steps;
  }

  get step(): number {
    return this.trainer.step;
  }

  /** Writes the model and its loss curve; the checkpoint has served its purpose. */
  async saveModel() {
    const { config, settings, loaded } = this.request;
    const { loss, seed, steps } = settings;
    const { average: parameters } = await this.trainer.state();
    const { training: last, validation } = this.history[this.history.length - 1];
    const training = { data: loaded.name, loss, steps, seed, losses: { training: last, validation } };
    const { scaling, labelNames } = loaded;
    const model = { config, parameters, scaling, labelNames, training };
    await saveModel(this.out, model);
    await this.saveCurve();
    await rm(this.checkpoint, { force: true });
    return { model, history: this.history };
  }

  /** Measures the model, which is written already, and writes the report beside it. */
  async report(
    gpu: Gpu,
    adapter: NodeAdapterDescription,
    request: ReportRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const { config, settings } = this.request;
    // Where no trajectory was trained without its label, there is no model without a label.
    const label = config.classes > 0 && settings.labelDrop === 0 ? 0 : undefined;
    try {
      await writeTrainingReport(gpu, adapter, { ...request, label }, reportPath(this.out), signal);
    } catch (error) {
      if (!(error instanceof FewstepError)) throw error;
      throw new FewstepError(
        error.code,
        `${this.out} is written, but not its report: ${error.message}`,
        'make it with: fewstep inspect --field ... (see fewstep inspect --help)',
        { cause: error },
      );
    }
  }

  /** Up to `most` steps, but none past the next line of the loss curve, and that line. */
  async advance(most: number): Promise<{ count: number; ms: number; note: string }> {
    const { trainer, recordEvery } = this;
    const nextRecord = (Math.floor(trainer.step / recordEvery) + 1) * recordEvery;
    const end = Math.min(nextRecord, this.request.settings.steps);
    const count = Math.min(most, end - trainer.step);
    const begin = performance.now();
    trainer.submit(count);
    const { losses } = await trainer.figures();
    const ms = performance.now() - begin;
    const sum = losses.reduce((total, loss) => total + loss, this.pending.sum);
    this.pending = { sum, steps: this.pending.steps + count };
    const loss = sum / this.pending.steps;
    if (trainer.step === end) {
      this.history.push({ step: end, training: loss, validation: await trainer.validate() });
      this.pending = { sum: 0, steps: 0 };
    }
    return { count, ms, note: `loss ${shortened(loss)}` };
  }

  async stop(): Promise<never> {
    await this.save();
    throw new FewstepError(
      'interrupted',
      `stopped after ${this.trainer.step} of ${this.request.settings.steps} steps`,
      `go on with: fewstep train --resume ${this.checkpoint} --out ${this.out}`,
    );
  }

  async save(): Promise<void> {
    const { config, settings, loaded } = this.request;
    const { seed } = settings;
    const { scaling } = loaded;
    const options = keptOptions(this.request, this.pending);
    const state = await this.trainer.state();
    await saveCheckpoint(this.checkpoint, {
      config,
      scaling,
      ...state,
      seed,
      options,
      history: this.history,
    });
    if (!this.replaces) await this.saveCurve();
  }

  private async saveCurve(): Promise<void> {
    const lines = this.history.map(({ step, training, validation }) => `${step},${training},${validation}\n`);
    await writeAtomic(this.curve, `step,training,validation\n${lines.join('')}`);
  }
}

function shortened(loss: number | undefined): string {
  return loss?.toPrecision(4) ?? 'none';
}
