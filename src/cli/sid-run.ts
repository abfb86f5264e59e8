import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { FewstepError } from '../errors.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { Gpu } from '../gpu/gpu.js';
import { asImages } from '../io/dataset.js';
import { mlpField } from '../mlp/field.js';
import { type DeviceChoice, type NodeAdapterDescription, openDevice } from '../node/adapter.js';
import { writeAtomic } from '../node/files.js';
import { saveGenerator, saveSidCheckpoint } from '../node/generator.js';
import { lossLabel, memoryText, renderGeneratorReport } from '../report/generator-report.js';
import { figure } from '../report/number.js';
import { assessGenerator } from '../sid/assess.js';
import { SID_STEPS_PER_SUBMIT } from '../sid/buffers.js';
import { USUAL_SOLVE } from '../sid/comparison.js';
import type { StoredGenerator } from '../sid/generator-file.js';
import type { SidMemory } from '../sid/networks.js';
import { SidRun } from '../sid/run.js';
import { checkDistinct, checkOutput, stemOf } from './output.js';
import { showProgress } from './progress.js';
import { type FreshSidOptions, freshSid, resumedSid, type SidRequest } from './sid-request.js';
import { runSteps, type SteppedRun } from './steps.js';
import { reportPath } from './training-report.js';

/** What the command line says, as commander hands it over. */
export interface SidOptions extends FreshSidOptions {
  out: string;
  resume?: string;
  /** Seconds. */
  checkpointEvery: number;
  report: boolean;
  image?: [number, number];
  device?: DeviceChoice;
  json?: boolean;
}

/** Distils, or goes on distilling, and writes the generator and its report. */
export async function runSid(options: SidOptions, signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  const { out, resume, checkpointEvery, report: wanted, image, device: choice, json, ...fresh } = options;
  checkOutput('--out', out, '.safetensors');
  checkDistinct({ '--out': out }, { '--teacher': options.teacher });
  const request = await (resume === undefined ? freshSid(fresh) : resumedSid(resume, fresh));
  const { teacherName, teacher } = request;
  if (image) {
    asImages({ rows: 0, columns: teacher.config.dim, values: new Float64Array(0) }, image, teacherName);
  }
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  try {
    const run = await prepared(gpu, request, signal);
    const distillation = new Distillation(run, request, out);
    await runSteps(distillation, signal, 1000 * checkpointEvery);
    const generator = await distillation.saveGenerator(gpu, adapter);
    run.destroy();
    if (wanted) await writeReport(gpu, adapter, request, run, generator, { out, image }, signal);
    const seconds = (performance.now() - begin) / 1000;
    const { record } = generator;
    const files = { out, ...(wanted && { report: reportPath(out) }) };
    process.stdout.write(
      json
        ? `${JSON.stringify({ ...files, config: generator.config, record, adapter, seconds }, null, 2)}\n`
        : `${out}: ${sentence(generator)}; ${seconds.toFixed(1)} s on ${adapter.name}\n`,
    );
  } finally {
    gpu.destroy();
  }
}

function sentence({ record }: StoredGenerator): string {
  const { step, distances, settings } = record!;
  const { generator, usual, floor } = distances;
  return (
    `sliced Wasserstein ${figure(generator.slicedWasserstein)} to the teacher with one evaluation, ` +
    `${figure(usual.slicedWasserstein)} for ${USUAL_SOLVE.solver} at NFE ${USUAL_SOLVE.nfe}, ` +
    `${figure(floor.slicedWasserstein)} for an accurate solve; best of ${settings.steps} steps at ${step}`
  );
}

/** The run, with what its teacher's samples are compared by. */
async function prepared(
  gpu: Gpu,
  { teacherName, ...request }: SidRequest,
  signal: AbortSignal,
): Promise<SidRun> {
  const progress = showProgress(100, "% of the teacher's samples");
  const onPrepared = (share: number) => progress.update(Math.round(100 * share));
  const onAllocated = (memory: SidMemory) => process.stderr.write(`${memoryText(memory)}\n`);
  try {
    return await SidRun.create(gpu, { ...request, onAllocated, onPrepared, signal });
  } finally {
    progress.stop();
  }
}

/** A distillation and its files: the checkpoint and the curve beside the generator. */
class Distillation implements SteppedRun {
  readonly most = SID_STEPS_PER_SUBMIT;
  private readonly checkpoint: string;
  private readonly curve: string;
  /** Whether a generator is there already: then the curve beside it is its own until this run has ended. */
  private readonly replaces: boolean;

  constructor(
    private readonly run: SidRun,
    private readonly request: SidRequest,
    private readonly out: string,
  ) {
    const stem = stemOf(out);
    this.checkpoint = `${stem}.checkpoint.safetensors`;
    this.curve = `${stem}.distances.csv`;
    this.replaces = existsSync(out);
  }

  get steps(): number {
    return this.request.settings.steps;
  }

  get step(): number {
    return this.run.step;
  }

  async advance(most: number) {
    try {
      const done = await this.run.advance(most);
      const { slicedWasserstein } = this.run.history[this.run.history.length - 1].distances;
      const { step, distances } = this.run.best;
      const best = `${figure(distances.slicedWasserstein)} at ${step}`;
      return { ...done, note: `sliced Wasserstein ${figure(slicedWasserstein)}, best ${best}` };
    } catch (error) {
      throw error instanceof FewstepError && error.code === 'not-finite' ? this.broken(error) : error;
    }
  }

  async save(): Promise<void> {
    await saveSidCheckpoint(this.checkpoint, { ...this.request, progress: await this.run.progress() });
    if (!this.replaces) await this.saveCurve();
  }

  async stop(): Promise<never> {
    await this.save();
    throw new FewstepError(
      'interrupted',
      `stopped after ${this.step} of ${this.steps} steps`,
      `go on with: ${this.command}`,
    );
  }

  /** Writes the nearest generator and its curve; the checkpoint has served its purpose. */
  async saveGenerator(gpu: Gpu, { name: adapter }: NodeAdapterDescription): Promise<StoredGenerator> {
    const { teacher, teacherName, settings } = this.request;
    const { best, yardstick, memory } = this.run;
    const { usual, floor, count: samples } = yardstick;
    const generator: StoredGenerator = {
      ...teacher,
      parameters: best.parameters,
      sigma: settings.generatorSigma,
      teacher: await fingerprintOf(mlpField(teacher), gpu),
      record: {
        teacher: teacherName,
        settings,
        step: best.step,
        distances: { generator: best.distances, usual, floor, samples },
        memory,
        adapter,
      },
    };
    await saveGenerator(this.out, generator);
    await this.saveCurve();
    await rm(this.checkpoint, { force: true });
    return generator;
  }

  private get command(): string {
    return `fewstep sid --resume ${this.checkpoint} --out ${this.out}`;
  }

  /** What is not finite now would be again: the checkpoint before it takes other rates. */
  private broken(error: FewstepError): FewstepError {
    const remedy = existsSync(this.checkpoint)
      ? `go on from the last checkpoint with smaller rates: ${this.command} --lr ... --fake-lr ...`
      : 'begin again with a smaller --lr and --fake-lr';
    return new FewstepError(error.code, error.message, remedy, { cause: error });
  }

  private async saveCurve(): Promise<void> {
    const lines = this.run.history.map(({ step, losses, distances }) => {
      const { slicedWasserstein, energy, frechet } = distances;
      return [step, losses?.generator, losses?.fake, slicedWasserstein, energy, frechet].join(',');
    });
    const header = 'step,generator_loss,fake_loss,sliced_wasserstein,energy,frechet';
    await writeAtomic(this.curve, `${[header, ...lines].join('\n')}\n`);
  }
}

async function writeReport(
  gpu: Gpu,
  adapter: NodeAdapterDescription,
  { teacher, teacherName, settings, samples }: SidRequest,
  { history, memory, best }: SidRun,
  generator: StoredGenerator,
  { out, image }: { out: string; image?: [number, number] },
  signal: AbortSignal,
): Promise<void> {
  let progress: ReturnType<typeof showProgress> | undefined;
  const assessment = await assessGenerator(gpu, {
    generator,
    teacher: teacher.parameters,
    reference: samples,
    signal,
    onProgress(done, total) {
      progress ??= showProgress(total, 'samples for the report');
      progress.update(done);
    },
  }).finally(() => progress?.stop());
  const page = renderGeneratorReport({
    name: basename(out),
    teacher: teacherName,
    config: teacher.config,
    runs: [{ label: lossLabel(settings), settings, history, step: best.step, assessment, memory }],
    imageShape: image,
    adapter,
  });
  await writeAtomic(reportPath(out), page);
}
