import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { FewstepError } from '../errors.js';
import { Gpu } from '../gpu/gpu.js';
import { labelNumber } from '../mlp/labels.js';
import { type DeviceChoice, openDevice } from '../node/adapter.js';
import { readBytes } from '../node/files.js';
import { loadModel } from '../node/model.js';
import { untilInterrupted } from './interrupt.js';
import { deviceOption, imageShape } from './options.js';
import { checkOutput, stemOf } from './output.js';
import { loadTrainingData, type TrainingSource } from './train-data.js';

const HELP = `
Writes the report that \`fewstep train\` writes beside a model: its loss curve (where model.loss.csv lies beside it),
the error of its field against the exact one by noise level, samples beside held-out data, and their distances. Give
the data that it was trained on, so that the same rows are held out.

Examples:
  fewstep inspect --field moons.safetensors --problem two-moons
  fewstep inspect --field digits.safetensors --data digits.csv.gz --columns 0-63 --image 8x8 --out digits.html

Exit status: 0 when the report is written, 2 for a request that cannot be met, 130 when stopped.`;

interface InspectOptions {
  field: string;
  data?: string;
  problem?: string;
  columns?: string;
  labels?: string;
  label?: string;
  image?: [number, number];
  out?: string;
  device?: DeviceChoice;
}

/** `fewstep inspect`: how good a trained model is. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('measure a trained model and write a report')
    .requiredOption('--field <model>', 'model of `fewstep train` (.safetensors)')
    .option('--data <file>', 'data that it was trained on')
    .addOption(new Option('--problem <name>', 'built-in problem that it was trained on').conflicts('data'))
    .option('--columns <selection>', 'columns of the data file, such as 0-63 or x,y')
    .option('--labels <column>', 'column of a CSV file with labels')
    .option('--label <class>', 'class of a model with classes to look at alone; needs --labels')
    .addOption(new Option('--image <shape>', 'rows of the data are images, as in 8x8').argParser(imageShape))
    .option('--out <file>', 'where the report goes (default: beside the model, .report.html)')
    .addOption(deviceOption())
    .addHelpText('after', HELP)
    .action((options: InspectOptions) => untilInterrupted((signal) => runInspect(options, signal)));
}

async function runInspect(options: InspectOptions, signal: AbortSignal): Promise<void> {
  const { field: path, image, label: named } = options;
  const { checkImages, parseLossCurve, reportPath, writeTrainingReport } = await import(
    './training-report.js'
  );
  const out = options.out ?? reportPath(path);
  checkOutput('--out', out, '.html');
  const model = await loadModel(path);
  const { config, scaling, training, labelNames } = model;
  const label = named === undefined ? undefined : labelNumber(config, labelNames, named);
  const loaded = await loadTrainingData(sourceOf(options, scaling !== undefined), training?.seed ?? 0);
  if (loaded.dim !== config.dim) {
    throw new FewstepError(
      'bad-shape',
      `${loaded.name} has rows of ${loaded.dim} numbers, and ${path} is a model of ${config.dim}`,
      'give the data that it was trained on, with --columns where it had them',
    );
  }
  if (loaded.scaling?.offset !== scaling?.offset || loaded.scaling?.scale !== scaling?.scale) {
    throw new FewstepError(
      'bad-data',
      `${loaded.name} spans another range than what ${path} was trained on`,
      'give the data that it was trained on',
    );
  }
  checkImages(loaded, image);
  if (training && basename(training.data) !== basename(loaded.name)) {
    process.stderr.write(
      `note: ${path} was trained on ${training.data}, and is compared with ${loaded.name}\n`,
    );
  }
  const curve = `${stemOf(path)}.loss.csv`;
  const history = existsSync(curve)
    ? parseLossCurve(new TextDecoder().decode(await readBytes(curve)), curve)
    : [];
  const { device, adapter } = await openDevice({ device: options.device });
  const gpu = new Gpu(device, adapter);
  try {
    await writeTrainingReport(gpu, adapter, { path, model, loaded, history, image, label }, out, signal);
    process.stdout.write(`${out}: the report of ${path}\n`);
  } finally {
    gpu.destroy();
  }
}

function sourceOf({ data, problem, columns, labels, label }: InspectOptions, scale: boolean): TrainingSource {
  if (data === undefined && problem === undefined) {
    throw new FewstepError(
      'bad-argument',
      'there are no data to compare the model with',
      'give --problem or --data, as when it was trained',
    );
  }
  const details = { columns, labels, label };
  const foreign = Object.entries(details).find(([, value]) => value !== undefined);
  if (problem !== undefined && foreign) {
    throw new FewstepError('bad-argument', `--${foreign[0]} does not apply to a problem`, 'leave it out');
  }
  if (label !== undefined && labels === undefined) {
    throw new FewstepError(
      'bad-argument',
      '--label was given without --labels',
      'give the column of the labels',
    );
  }
  if (problem !== undefined) return { problem };
  return { data: data!, ...(columns && { columns }), ...(labels && { labels }), scale };
}
