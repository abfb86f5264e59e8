/**
 * How fast learning is: steps of `fewstep train` beside the adapter's multiply-add ceiling, whole distillations with 10,000
 * trajectories, and an iteration of them by both executors. `npm run bench:training -- --help`.
 */
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { deviceOption, wholeNumber } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { Gpu } from '../src/gpu/gpu.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { loadField } from '../src/node/field/load.js';
import { writeAtomic } from '../src/node/files.js';
import { figure } from '../src/report/number.js';
import { multiplyAddCeiling } from './adapter/ceiling.js';
import { warmUp } from './adapter/warm-up.js';
import { describeRun, finishedRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import {
  type DistillationRow,
  distillationCases,
  measureDistillation,
} from './training/distillation-rows.js';
import { type IterationRow, measureIteration } from './training/iteration-rows.js';
import { measureTraining, type TrainingRow } from './training/step-rows.js';

const PARTS = ['train', 'distill', 'iterate'] as const;
type Part = (typeof PARTS)[number];

interface Options {
  out?: string;
  quick?: boolean;
  only?: Part;
  repeats: number;
  device?: DeviceChoice;
}

const NFE = 5;
const PROBLEMS = ['ring', 'mixture-64'];
const ITERATED = ['ring', 'mixture-64', 'models/digits.safetensors'];

const command = new Command('npm run bench:training --')
  .description('time training steps, distillations and their iterations')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--quick', 'smaller batches on software adapters, distillations of fewer iterations')
  .addOption(new Option('--only <part>', 'one part alone').choices(PARTS))
  .addOption(
    new Option('--repeats <count>', 'of each distillation, the first of which compiles')
      .argParser(wholeNumber(1))
      .default(1),
  )
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({ out, quick = false, only, repeats, device: choice }: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const { software } = adapter;
  await warmUp(gpu);
  const ceiling = await multiplyAddCeiling(gpu);
  const wanted = (part: Part) => only === undefined || only === part;
  const training: TrainingRow[] = [];
  if (wanted('train')) {
    const repetition = { repeats: quick ? 3 : 7, repeatMs: software ? 200 : 100 };
    for (const shape of shapes(software, quick)) {
      console.error(`training: width ${shape.width}, batch ${shape.batch}`);
      training.push(await measureTraining(gpu, shape, repetition));
    }
  }
  const distillation: DistillationRow[] = [];
  if (wanted('distill')) {
    for (const problem of PROBLEMS) {
      for (const each of distillationCases(quick)) {
        console.error(`distilling: ${each.name} on ${problem}`);
        distillation.push(await measureDistillation(gpu, problem, NFE, each, repeats));
      }
    }
  }
  const iterations: IterationRow[] = [];
  if (wanted('iterate')) {
    for (const name of ITERATED) iterations.push(...(await measureIterations(gpu, name, quick)));
  }
  gpu.destroy();

  printTraining(training, ceiling);
  printDistillation(distillation);
  printIterations(iterations);
  console.log(
    `${adapter.name} (${adapter.driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`,
  );
  console.log(`multiply-add ceiling ${giga(ceiling)} GFLOP/s`);
  if (out === undefined) return;
  const run = finishedRun(description, started, 'bench:training');
  const results = {
    schema: 'fewstep-bench-training-2',
    ...{ run, ceiling, training, distillation, iterations },
  };
  await writeAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`figures in ${out}`);
}

/**
 * By both executors; not by fused kernels of networks in software, which take four to five times as long
 * (docs/performance.md).
 */
async function measureIterations(gpu: Gpu, name: string, quick: boolean): Promise<IterationRow[]> {
  const field = await loadField(name);
  const fuses = field.mixture !== undefined || !gpu.adapter.software;
  const rows: IterationRow[] = [];
  for (const nfe of quick ? [NFE] : [NFE, 2 * NFE]) {
    for (const executor of fuses ? (['stepwise', 'fused'] as const) : (['stepwise'] as const)) {
      console.error(`iterating: ${name}, NFE ${nfe}, ${executor}`);
      rows.push(await measureIteration(gpu, field, { name: basename(name), nfe, executor }, quick ? 5 : 40));
    }
  }
  return rows;
}

/** A narrow and a wide network, on hardware also at batches that fill it. */
function shapes(software: boolean, quick: boolean): { dim: number; width: number; batch: number }[] {
  const narrow = software ? [1024] : [1024, 16_384, 131_072];
  const wide = software ? [quick ? 512 : 4096] : [4096, 32_768];
  return [
    ...narrow.map((batch) => ({ dim: 2, width: 64, batch })),
    ...wide.map((batch) => ({ dim: 64, width: 256, batch })),
  ];
}

function printTraining(rows: readonly TrainingRow[], ceiling: number): void {
  if (rows.length === 0) return;
  const header = [
    'training',
    'batch',
    'steps/s',
    'samples/s',
    'ms',
    'least',
    'most',
    'host ms',
    'GFLOP/s',
    'of ceiling',
  ];
  const lines = rows.map(({ network, batch, stepsPerSecond, samplesPerSecond, ms, encodeMs, flops }) => [
    network,
    batch.toLocaleString('en'),
    stepsPerSecond.toPrecision(3),
    Math.round(samplesPerSecond).toLocaleString('en'),
    ...[ms[1], ms[0], ms[2], encodeMs[1]].map((time) => time.toPrecision(3)),
    giga(flops),
    `${((100 * flops) / ceiling).toFixed(1)} %`,
  ]);
  console.log(`${table(header, lines)}\n`);
}

function printDistillation(rows: readonly DistillationRow[]): void {
  if (rows.length === 0) return;
  const header = [
    'distillation',
    'field',
    'NFE',
    'trajectories',
    'iterations',
    'seconds',
    'least',
    'most',
    'teacher',
    'search',
    'training',
    'teacher evaluations',
    'untrained',
    'distilled',
  ];
  const lines = rows.map(
    ({ student, field, nfe, trajectories, iterations, seconds, parts, teacher, errors }) => [
      student,
      field,
      `${nfe}`,
      trajectories.toLocaleString('en'),
      iterations.toLocaleString('en'),
      ...[seconds[1], seconds[0], seconds[2]].map((time) => time.toPrecision(3)),
      ...[parts.teacher, parts.search, parts.training].map((time) => time.toPrecision(2)),
      teacher.evaluations.toLocaleString('en'),
      figure(errors.untrained),
      figure(errors.distilled),
    ],
  );
  console.log(`${table(header, lines)}\n`);
}

function printIterations(rows: readonly IterationRow[]): void {
  if (rows.length === 0) return;
  const header = ['iteration', 'NFE', 'executor', 'parameters', 'evaluations', 'ms', 'least', 'most'];
  const lines = rows.map(({ field, nfe, executor, parameters, evaluations, ms }) => [
    field,
    `${nfe}`,
    executor,
    `${parameters}`,
    evaluations.toLocaleString('en'),
    ...[ms[1], ms[0], ms[2]].map((time) => time.toPrecision(3)),
  ]);
  console.log(`${table(header, lines)}\n`);
}

function giga(value: number): string {
  return (value / 1e9).toPrecision(3);
}
