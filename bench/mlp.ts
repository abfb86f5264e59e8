/**
 * How fast networks are: evaluations per second and operations per second of the forward pass, both Jacobian
 * products, the weights' gradient and a whole training step, over widths and batches, beside the adapter's own
 * multiply-add ceiling and TensorFlow.js on the same device in the same run. `npm run bench:mlp -- --help`.
 */
import { join } from 'node:path';
import { Command } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { Gpu } from '../src/gpu/gpu.js';
import { type Precision, precisionsOf } from '../src/mlp/precision.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { loadModel } from '../src/node/model.js';
import { multiplyAddCeiling } from './adapter/ceiling.js';
import { warmUp } from './adapter/warm-up.js';
import { describeRun, finishedRun, ROOT } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { type PrecisionError, precisionErrors, sampleDifference } from './mlp/accuracy.js';
import { type MlpRow, measureSubject } from './mlp/measure.js';
import { mlpSubjects } from './mlp/passes.js';
import { mlpShape } from './mlp/shape.js';
import { minMedianMax } from './spread.js';
import { startTfjs, TFJS_PACKAGES } from './tfjs/backend.js';
import { tfjsSubjects } from './tfjs/passes.js';

interface Options {
  out?: string;
  quick?: boolean;
  widths?: number[];
  batches?: number[];
  device?: DeviceChoice;
}

const FULL = { widths: [32, 64, 128, 256, 512], batches: [256, 4096, 16384], repeats: 7, repeatMs: 50 };
const QUICK = { widths: [64, 256], batches: [256, 2048], repeats: 3, repeatMs: 20 };
/** A larger batch is left out where the one before says that doing it once takes longer. */
const LONGEST_MS = { full: 1500, quick: 400 };

const command = new Command('npm run bench:mlp --')
  .description('time the passes of 64-W-W-W-64 networks, and TensorFlow.js doing the same')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--widths <list>', 'of the hidden layers, such as 64,256', numbers)
  .option('--batches <list>', 'such as 256,16384', numbers)
  .option('--quick', 'two widths, two batches, three repeats: below a minute')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({ out, quick = false, device: choice, ...given }: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter, TFJS_PACKAGES);
  const { widths, batches, ...repetition } = { ...(quick ? QUICK : FULL), ...given };
  const longest = quick ? LONGEST_MS.quick : LONGEST_MS.full;
  const tfjs = await startTfjs(gpu).then(
    () => undefined,
    (error: Error) => error.message,
  );

  const rows: MlpRow[] = [];
  const leftOut: { name: string; width: number; batch: number; expectedMs: number }[] = [];
  const failures: { name: string; width: number; batch: number; message: string }[] = [];
  const ceilings: number[] = [];
  for (const width of widths) {
    for (const batch of batches) {
      const shape = mlpShape(width, batch);
      const subjects = [...mlpSubjects(gpu, shape), ...(tfjs === undefined ? tfjsSubjects(gpu, shape) : [])];
      for (const subject of subjects) {
        const { name } = subject;
        const smaller = rows.findLast((row) => row.name === name && row.width === width);
        const expectedMs = smaller ? (smaller.ms[1] * batch) / smaller.batch : 0;
        if (expectedMs > longest) {
          leftOut.push({ name, width, batch, expectedMs });
          continue;
        }
        console.error(`width ${width}, batch ${batch}: ${name}`);
        try {
          rows.push(await measureSubject(subject, { width, batch, ...repetition }, () => warmUp(gpu)));
          ceilings.push(await multiplyAddCeiling(gpu, 1)); // while it is warm
        } catch (error) {
          if (!name.startsWith('tfjs')) throw error;
          failures.push({ name, width, batch, message: (error as Error).message });
        }
      }
    }
  }
  const digits = await loadModel(join(ROOT, 'models', 'digits.safetensors'));
  const errors = await precisionErrors(gpu, digits);
  const samples: Partial<Record<Precision, number>> = {};
  for (const precision of precisionsOf(gpu).slice(1)) {
    samples[precision] = await sampleDifference(gpu, digits, precision);
  }
  gpu.destroy();

  const ceiling = minMedianMax(ceilings);
  print(rows, ceiling[2]);
  for (const { name, width, batch, message } of failures) {
    console.log(`failed: ${name}, width ${width}, batch ${batch}: ${message}`);
  }
  if (tfjs !== undefined) console.log(`TensorFlow.js was left out: ${tfjs}`);
  if (leftOut.length > 0)
    console.log(`${leftOut.length} left out, which would take above ${longest} ms a time`);
  printErrors(errors);
  for (const [precision, difference] of Object.entries(samples)) {
    console.log(`samples, ${precision} from f32: ${difference.toExponential(1)}`);
  }
  const { name, driver, software } = adapter;
  const [least, middle, most] = ceiling.map(giga);
  console.log(`${name} (${driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`);
  console.log(`multiply-add ceiling ${most} GFLOP/s (median ${middle}, least ${least})`);
  if (out === undefined) return;
  const run = finishedRun(description, started, 'bench:mlp');
  const results = {
    schema: 'fewstep-bench-mlp-2',
    run,
    ceiling,
    rows,
    leftOut,
    failures,
    tfjs,
    errors,
    samples,
  };
  await writeAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`figures in ${out}`);
}

/** A row a subject and shape: the median, how far the repeats spread, and how it compares. */
function print(rows: readonly MlpRow[], ceiling: number): void {
  const header = [
    'width',
    'batch',
    '',
    'per second',
    'ms',
    'least',
    'most',
    'GFLOP/s',
    'of ceiling',
    'over tfjs',
  ];
  const lines = rows.map((row) => {
    const { name, width, batch, ms, evaluationsPerSecond, flops } = row;
    const [least, middle, most] = ms.map((time) => time.toPrecision(3));
    const share = `${((100 * flops) / ceiling).toFixed(0)} %`;
    const rate = Math.round(evaluationsPerSecond).toLocaleString('en');
    return [`${width}`, `${batch}`, name, rate, middle, least, most, giga(flops), share, overTfjs(rows, row)];
  });
  console.log(table(header, lines));
}

/** A row a noise level: the errors of the shipped digits model at each precision. */
function printErrors(errors: readonly PrecisionError[]): void {
  const precisions = [...new Set(errors.map(({ precision }) => precision))];
  const header = [
    'sigma',
    ...precisions.flatMap((name) => [`error of D, ${name}`, `of the velocity, ${name}`]),
  ];
  const lines = [...new Set(errors.map(({ sigma }) => sigma))].map((sigma) => [
    `${sigma}`,
    ...errors
      .filter((error) => error.sigma === sigma)
      .flatMap(({ denoised, velocity }) => [denoised.toExponential(1), velocity.toExponential(1)]),
  ]);
  console.log(`\nThe digits model, relative to its float32 weights in float64:\n${table(header, lines)}`);
}

/** How many times as fast as TensorFlow.js doing the same on the same shape. */
function overTfjs(rows: readonly MlpRow[], { name, width, batch, ms }: MlpRow): string {
  const same = `tfjs ${name.replace(/ f(16|32)$/, '')}`;
  const theirs = rows.find((row) => row.name === same && row.width === width && row.batch === batch);
  return theirs && name !== same ? `${(theirs.ms[1] / ms[1]).toPrecision(2)} x` : '';
}

function numbers(list: string): number[] {
  return list.split(',').map(Number);
}

function giga(flops: number): string {
  return (flops / 1e9).toPrecision(3);
}
