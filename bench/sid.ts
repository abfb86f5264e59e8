/**
 * The losses of score identity distillation beside each other: from one teacher a generator by each, at the same settings,
 * and how near they come. `npm run bench:sid -- --help`.
 */
import { basename, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { given } from '../src/arguments.js';
import { deviceOption, imageShape, positiveNumber, wholeNumber, wholeNumbers } from '../src/cli/options.js';
import { checkFolder } from '../src/cli/output.js';
import type { FewstepError } from '../src/errors.js';
import { Gpu } from '../src/gpu/gpu.js';
import type { MlpModel } from '../src/mlp/field.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { loadModel } from '../src/node/model.js';
import { type GeneratorRun, lossLabel, renderGeneratorReport } from '../src/report/generator-report.js';
import { figure } from '../src/report/number.js';
import { assessGenerator } from '../src/sid/assess.js';
import { SID_STEPS_PER_SUBMIT } from '../src/sid/buffers.js';
import { SidRun } from '../src/sid/run.js';
import { type SidLoss, type SidSettings, type SidWeighting, sidSettings } from '../src/sid/settings.js';
import { describeRun } from './describe-run.js';
import { leaveAfter } from './leave.js';

type Form = Pick<SidSettings, 'loss' | 'alpha' | 'weighting'>;

interface Options {
  teacher: string;
  losses: Form[];
  seeds: number[];
  steps: number;
  batch?: number;
  lr?: number;
  fakeLr?: number;
  samples?: number;
  image?: [number, number];
  out: string;
  device?: DeviceChoice;
}

const MEASUREMENTS = 20;

const command = new Command('npm run bench:sid --')
  .description('compare the losses of score identity distillation')
  .requiredOption('--teacher <model>', 'model of `fewstep train` (.safetensors)')
  .addOption(
    new Option('--losses <losses>', 'each as loss[/alpha][/weighting]')
      .argParser(forms)
      .default(forms('l2-alpha-l1,l2-alpha-l1/1.2,l2,l1,l1/eps'), 'l2-alpha-l1,l2-alpha-l1/1.2,l2,l1,l1/eps'),
  )
  .addOption(new Option('--seeds <seeds>', 'each loss with each').argParser(wholeNumbers(0)).default([0]))
  .addOption(new Option('--steps <count>').argParser(wholeNumber(1)).default(2000))
  .addOption(new Option('--batch <count>').argParser(wholeNumber(1)))
  .addOption(new Option('--lr <rate>').argParser(positiveNumber))
  .addOption(new Option('--fake-lr <rate>').argParser(positiveNumber))
  .addOption(new Option('--samples <count>', 'in each set that is compared').argParser(wholeNumber(2)))
  .addOption(new Option('--image <shape>', 'samples are images, as in 8x8').argParser(imageShape))
  .requiredOption('--out <folder>', 'where results.json and report.html go')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => compare(command.parse().opts<Options>()));

async function compare(options: Options): Promise<void> {
  const { teacher: path, losses, seeds, out, image, device: choice } = options;
  checkFolder('--out', out);
  const teacher = await loadModel(path);
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const runs: GeneratorRun[] = [];
  for (const seed of seeds) {
    for (const form of losses) {
      const { steps, batch, lr: rate, fakeLr: fakeRate } = options;
      const settings = sidSettings({ ...form, seed, steps, ...given({ batch, rate, fakeRate }) });
      const run = await distilled(gpu, teacher, settings, options.samples);
      runs.push(run);
      const { generator, usual, floor } = run.assessment;
      const distance = [generator, usual, floor].map((each) => figure(each.slicedWasserstein.median));
      console.log(
        `${run.label}, seed ${seed}: ${distance[0]}; teacher at NFE 18 ${distance[1]}, accurate ${distance[2]}`,
      );
      // After each, so that a stopped comparison keeps what it has.
      await save(runs);
    }
  }

  async function save(done: readonly GeneratorRun[]): Promise<void> {
    const figures = done.map(({ assessment: { samples: _, teacherSamples: __, ...assessment }, ...run }) => ({
      ...run,
      assessment,
    }));
    const name = basename(path);
    const results = { schema: 'fewstep-sid/1', teacher: name, run: description, runs: figures };
    await writeAtomic(join(out, 'results.json'), `${JSON.stringify(results)}\n`);
    const first = done.filter(({ settings }) => settings.seed === seeds[0]);
    const about = { name: 'Losses compared', teacher: name, config: teacher.config };
    const page = renderGeneratorReport({ ...about, runs: first, imageShape: image, adapter });
    await writeAtomic(join(out, 'report.html'), page);
  }
}

/** The average after all steps, not the nearest state: where a loss leads is what is compared. */
async function distilled(
  gpu: Gpu,
  teacher: MlpModel,
  settings: SidSettings,
  samples: number | undefined,
): Promise<GeneratorRun> {
  const measureEvery = Math.max(1, Math.ceil(settings.steps / MEASUREMENTS));
  const run = await SidRun.create(gpu, { teacher, settings, measureEvery, samples });
  while (run.step < settings.steps) await run.advance(SID_STEPS_PER_SUBMIT);
  const { generator: last } = await run.progress();
  const generator = {
    ...teacher,
    parameters: last.average,
    sigma: settings.generatorSigma,
    // Nobody reads it here.
    teacher: { kind: 'mlp', dim: teacher.config.dim, denoised: new Float32Array(0) },
  };
  const assessment = await assessGenerator(gpu, {
    generator,
    teacher: teacher.parameters,
    reference: samples,
  });
  const { history, memory } = run;
  run.destroy();
  return { label: lossLabel(settings), settings, history, step: settings.steps, assessment, memory };
}

function forms(text: string): Form[] {
  return text.split(',').map((part): Form => {
    const [loss, ...rest] = part.trim().split('/');
    const weighting = rest.find((each) => each === 'x0' || each === 'eps') as SidWeighting | undefined;
    const alpha = rest.find((each) => each !== weighting);
    try {
      const settings = sidSettings(
        given({ loss: loss as SidLoss, weighting, alpha: alpha === undefined ? alpha : Number(alpha) }),
      );
      return { loss: settings.loss, alpha: settings.alpha, weighting: settings.weighting };
    } catch (error) {
      throw new InvalidArgumentError((error as FewstepError).message);
    }
  });
}
