/**
 * How sampling scales: throughput over batches and over dimensions, memory beside its prediction, latency of one
 * trajectory, and the command line's time to its first result. `npm run bench:scaling -- --help`.
 */
import { Command, Option } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import type { Field } from '../src/field/field.js';
import { Gpu } from '../src/gpu/gpu.js';
import { polynomial } from '../src/grid/grid.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import type { Plan } from '../src/solver/plan.js';
import { solverByName } from '../src/solver/registry.js';
import { describeRun, finishedRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { randomMixture, randomNetwork } from './random-fields.js';
import { type LatencyRow, measureLatency } from './scaling/latency.js';
import { measureScaling, type ScalingRow } from './scaling/rows.js';
import { measureStartup, type StartupRow } from './scaling/startup.js';

const PARTS = ['batch', 'dimension', 'latency', 'startup'] as const;
type Part = (typeof PARTS)[number];

interface Options {
  out?: string;
  quick?: boolean;
  only?: Part;
  device?: DeviceChoice;
}

interface LeftOut {
  field: string;
  batch: number;
  expectedMs: number;
}

const NFE = 5;
const COMPONENTS = 10;
const BATCHES = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const DIMENSIONS = [2, 8, 32, 128, 512, 1024];

const command = new Command('npm run bench:scaling --')
  .description('time solves over batches and dimensions, one trajectory, and the start of the command line')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--quick', 'fewer repeats, and no batches that would take above 0.3 s')
  .addOption(new Option('--only <part>', 'one part alone').choices(PARTS))
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({ out, quick = false, only, device: choice }: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const { software } = adapter;
  const repetition = { repeats: quick ? 3 : 5, repeatMs: quick ? 10 : 20 };
  const longest = quick ? 300 : 2000;
  const plan = solverByName('euler').plan(polynomial().times(NFE));
  const asked = (part: Part) => only === undefined || only === part;

  const leftOut: LeftOut[] = [];
  const batches = asked('batch') ? await overBatches(gpu, plan, repetition, longest, leftOut) : [];
  const dimensions = asked('dimension')
    ? await overDimensions(gpu, plan, repetition, software ? (quick ? 1024 : 4096) : 16384)
    : [];
  const latencies = asked('latency') ? await latenciesOf(gpu, plan, quick ? 30 : 100) : [];
  gpu.destroy();
  if (asked('startup')) console.error('start-up');
  const startup = asked('startup') ? await measureStartup(adapter.kind, quick ? 2 : 4) : [];

  printScaling(batches);
  for (const { field, batch, expectedMs } of leftOut) {
    console.log(`left out: ${field}, batch ${batch}, which would take ${expectedMs.toFixed(0)} ms a time`);
  }
  printScaling(dimensions);
  printLatency(latencies);
  printStartup(startup);
  console.log(
    `${adapter.name} (${adapter.driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`,
  );
  if (out === undefined) return;
  const run = finishedRun(description, started, 'bench:scaling');
  const results = {
    schema: 'fewstep-bench-scaling-1',
    run,
    batches,
    leftOut,
    dimensions,
    latencies,
    startup,
  };
  await writeAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`figures in ${out}`);
}

async function overBatches(
  gpu: Gpu,
  plan: Plan,
  repetition: { repeats: number; repeatMs: number },
  longest: number,
  leftOut: LeftOut[],
): Promise<ScalingRow[]> {
  const rows: ScalingRow[] = [];
  for (const subject of [mixture(2), mixture(64), network(2, 64)]) {
    for (const batch of BATCHES) {
      const smaller = rows.findLast(({ field }) => field === subject.name);
      const expectedMs = smaller ? (smaller.callMs[1] * batch) / smaller.batch : 0;
      // What one of ten takes is mostly what any solve takes, until it is long.
      if (expectedMs > longest && (smaller?.callMs[1] ?? 0) > 20) {
        leftOut.push({ field: subject.name, batch, expectedMs });
        break;
      }
      console.error(`${subject.name}: batch ${batch}`);
      rows.push(await measureScaling(gpu, { ...subject, batch }, plan, repetition));
    }
  }
  return rows;
}

async function overDimensions(
  gpu: Gpu,
  plan: Plan,
  repetition: { repeats: number; repeatMs: number },
  batch: number,
): Promise<ScalingRow[]> {
  const rows: ScalingRow[] = [];
  for (const dim of DIMENSIONS) {
    const subject = mixture(dim);
    console.error(`${subject.name}: batch ${batch}`);
    rows.push(await measureScaling(gpu, { ...subject, batch }, plan, repetition));
  }
  return rows;
}

async function latenciesOf(gpu: Gpu, plan: Plan, solves: number): Promise<LatencyRow[]> {
  const rows: LatencyRow[] = [];
  for (const subject of [mixture(64), network(2, 64), network(64, 256)]) {
    for (const executor of ['fused', 'stepwise'] as const) {
      console.error(`${subject.name}: one trajectory, ${executor}`);
      rows.push(await measureLatency(gpu, subject, plan, executor, solves));
    }
  }
  return rows;
}

interface Subject {
  name: string;
  field: Field;
}

function mixture(dim: number): Subject {
  return {
    name: `mixture, ${dim}-D, ${COMPONENTS} components`,
    field: randomMixture(dim, COMPONENTS),
  };
}

function network(dim: number, width: number): Subject {
  const { field } = randomNetwork(dim, width);
  return { name: `network ${dim}-${width}-${width}-${width}-${dim}`, field };
}

function printScaling(rows: readonly ScalingRow[]): void {
  if (rows.length === 0) return;
  const header = [
    'field',
    'batch',
    'executor',
    'solves/s',
    'per second',
    'ms',
    'submit to readback',
    'GPU ms',
    'prepared/s',
    'ms',
    'MiB',
    'predicted',
  ];
  const lines = rows.map(({ field, batch, executor, callMs, solveMs, gpuMs, preparedMs, memory, ...row }) => [
    field,
    batch.toLocaleString('en'),
    executor,
    (1000 / callMs[1]).toPrecision(3),
    Math.round(row.trajectoriesPerSecond).toLocaleString('en'),
    callMs[1].toPrecision(3),
    solveMs[1].toPrecision(3),
    gpuMs ? gpuMs[1].toPrecision(3) : '',
    Math.round(row.preparedPerSecond).toLocaleString('en'),
    preparedMs[1].toPrecision(3),
    mebi(memory.measured),
    memory.predicted === memory.measured ? 'as predicted' : mebi(memory.predicted),
  ]);
  console.log(`${table(header, lines)}\n`);
}

function printLatency(rows: readonly LatencyRow[]): void {
  if (rows.length === 0) return;
  const header = ['one trajectory', 'executor', 'ms', 'p95', 'submit to readback', 'p95', 'prepared', 'p95'];
  const lines = rows.map(({ field, executor, call, solve, prepared }) => [
    field,
    executor,
    ...[call, solve, prepared].flatMap(({ median, p95 }) => [median.toPrecision(3), p95.toPrecision(3)]),
  ]);
  console.log(`${table(header, lines)}\n`);
}

function printStartup(rows: readonly StartupRow[]): void {
  if (rows.length === 0) return;
  const header = ['process', "driver's cache", 'ms', 'least', 'most'];
  const lines = rows.map(({ command: text, cache, ms: [least, middle, most] }) => [
    text,
    cache === 'none' ? '' : cache,
    ...[middle, least, most].map((time) => time.toFixed(0)),
  ]);
  console.log(`${table(header, lines)}\n`);
}

function mebi(bytes: number): string {
  return (bytes / 2 ** 20).toPrecision(3);
}
