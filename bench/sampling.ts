/**
 * How fast whole trajectories are: solvers at NFE 10, each executor, beside the adapter's own multiply-add and copy
 * ceilings in the same run. `npm run bench:sampling -- --help`.
 */
import { Command, Option } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { solve } from '../src/execute/solve.js';
import { Gpu } from '../src/gpu/gpu.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { nfeOf } from '../src/solver/plan.js';
import { copyCeiling, multiplyAddCeiling } from './ceiling.js';
import { describeRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { SAMPLING_SOLVERS, samplingRun } from './sampling-runs.js';
import { type SamplingSubject, samplingSubjects } from './sampling-subjects.js';
import { type MinMedianMax, minMedianMax } from './spread.js';

interface Options {
  out?: string;
  quick?: boolean;
  only?: string;
  solvers?: string[];
  device?: DeviceChoice;
}

/** How one executor did on one subject. */
interface SamplingRow {
  name: string;
  solver: string;
  nfe: number;
  batch: number;
  executor: 'stepwise' | 'fused';
  repeats: number;
  /** From the first submit to the last readback, milliseconds. */
  ms: MinMedianMax;
  /** Of the GPU's passes by timestamp, milliseconds, where the adapter has them. */
  gpuMs?: MinMedianMax;
  /** CPU time of this process, milliseconds: of a software adapter the work itself, whatever else the machine does. */
  cpuMs: MinMedianMax;
  /** Of the median. */
  trajectoriesPerSecond: number;
  /** Of the median, evaluations alone. */
  flops: number;
}

const NFE = 10;
const EXECUTORS = ['stepwise', 'fused'] as const;

const command = new Command('npm run bench:sampling --')
  .description('time trajectories at NFE 10 by both executors')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--quick', 'an eighth of the batches, three repeats')
  .option('--only <word>', 'subjects whose name has this')
  .addOption(new Option('--solvers <names...>', 'which of them').choices(SAMPLING_SOLVERS))
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({
  out,
  quick = false,
  only = '',
  solvers = [...SAMPLING_SOLVERS],
  device: choice,
}: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const rows: SamplingRow[] = [];
  const ceilings: number[] = [];
  for (const subject of samplingSubjects(quick).filter(({ name }) => name.includes(only))) {
    for (const solver of SAMPLING_SOLVERS.filter((name) => solvers.includes(name))) {
      ceilings.push(await multiplyAddCeiling(gpu, 1));
      console.error(`${subject.name}: ${solver}`);
      rows.push(...(await measure(gpu, subject, solver, quick ? 3 : 7)));
    }
  }
  const copy = await copyCeiling(gpu);
  gpu.destroy();
  const ceiling = minMedianMax(ceilings);
  print(rows, ceiling[2]);
  const { name, driver, software } = adapter;
  console.log(`${name} (${driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`);
  console.log(
    `multiply-add ceiling ${giga(ceiling[2])} GFLOP/s (median ${giga(ceiling[1])}), copies ${giga(copy)} GB/s`,
  );
  if (out === undefined) return;
  const run = {
    ...description,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    command: ['npm run bench:sampling --', ...process.argv.slice(2)].join(' '),
  };
  const results = { schema: 'fewstep-bench-sampling-1', run, ceiling, copy, rows };
  await writeAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`figures in ${out}`);
}

/** Both executors in turn, so that what else the machine does meets them alike. */
async function measure(
  gpu: Gpu,
  { name, field, batch, flops }: SamplingSubject,
  solverName: string,
  repeats: number,
): Promise<SamplingRow[]> {
  const { plan, predictor } = samplingRun(solverName, NFE, field);
  const executors = field.prepareFused ? EXECUTORS : (['stepwise'] as const);
  const times = executors.map(() => ({ ms: [] as number[], gpuMs: [] as number[], cpuMs: [] as number[] }));
  // The first turn compiles.
  for (let turn = 0; turn <= repeats; turn++) {
    for (const [i, executor] of executors.entries()) {
      const before = process.cpuUsage();
      const latents = { batch, seed: turn };
      const { hostMs, gpuMs } = await solve(gpu, field, plan, { latents, predictor, executor });
      const { user, system } = process.cpuUsage(before);
      if (turn === 0) continue;
      times[i].ms.push(hostMs);
      if (gpuMs !== undefined) times[i].gpuMs.push(gpuMs);
      times[i].cpuMs.push((user + system) / 1000);
    }
  }
  return executors.map((executor, i) => {
    const ms = minMedianMax(times[i].ms);
    const trajectoriesPerSecond = (1000 * batch) / ms[1];
    return {
      name,
      solver: plan.solver,
      nfe: nfeOf(plan),
      batch,
      executor,
      repeats,
      ms,
      ...(times[i].gpuMs.length > 0 && { gpuMs: minMedianMax(times[i].gpuMs) }),
      cpuMs: minMedianMax(times[i].cpuMs),
      trajectoriesPerSecond,
      flops: flops * nfeOf(plan) * trajectoriesPerSecond,
    };
  });
}

function print(rows: readonly SamplingRow[], ceiling: number): void {
  const header = [
    'field',
    'solver',
    '',
    'per second',
    'ms',
    'least',
    'most',
    'CPU ms',
    'GFLOP/s',
    'of ceiling',
    'fused',
  ];
  const lines = rows.map((row) => {
    const { name, solver, executor, ms, cpuMs, flops, trajectoriesPerSecond } = row;
    const [least, middle, most] = ms.map((time) => time.toPrecision(3));
    const rate = Math.round(trajectoriesPerSecond).toLocaleString('en');
    const share = `${((100 * flops) / ceiling).toFixed(0)} %`;
    const other = rows.find((one) => one !== row && one.name === name && one.solver === solver);
    const gain = executor === 'fused' && other ? `${(other.ms[1] / ms[1]).toPrecision(2)} x` : '';
    return [
      name,
      solver,
      executor,
      rate,
      middle,
      least,
      most,
      cpuMs[1].toPrecision(3),
      giga(flops),
      share,
      gain,
    ];
  });
  console.log(table(header, lines));
}

function giga(value: number): string {
  return (value / 1e9).toPrecision(3);
}
