/**
 * How fast whole trajectories are: euler, heun or others at NFE 10 by each executor, as `solve` brings them to the host, and
 * by TensorFlow.js on the same device, beside the adapter's own multiply-add and copy ceilings in the same run.
 * `npm run bench:sampling -- --help`.
 */
import { mkdir } from 'node:fs/promises';
import { Command } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { FewstepError } from '../src/errors.js';
import { Gpu } from '../src/gpu/gpu.js';
import { precisionsOf } from '../src/mlp/precision.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { nfeOf } from '../src/solver/plan.js';
import { copyCeiling, multiplyAddCeiling } from './adapter/ceiling.js';
import { warmUp } from './adapter/warm-up.js';
import { describeRun, finishedRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import type { Contestant } from './sampling/contestant.js';
import { called, prepared, preparedRounded } from './sampling/contestants.js';
import { exportSubjects } from './sampling/export.js';
import { type SamplingPlan, samplingPlan } from './sampling/plans.js';
import { type Repetition, repeatInTurn } from './sampling/repeat.js';
import type { SamplingFailure, SamplingRow } from './sampling/row.js';
import { type SamplingSubject, samplingSubjects } from './sampling/subjects.js';
import { samplingTable } from './sampling/table.js';
import { minMedianMax } from './spread.js';
import { startTfjs, TFJS_PACKAGES } from './tfjs/backend.js';
import { tfjsContestant } from './tfjs/sampling.js';

interface Options {
  out?: string;
  export?: string;
  quick?: boolean;
  solvers: string[];
  only: string;
  data?: string;
  columns?: string;
  tfjs: boolean;
  device?: DeviceChoice;
}

const NFE = 10;
/** What other libraries sample too. */
const USUAL = ['euler', 'heun'];
/** A solve on hardware takes a part of a millisecond, on software a second or more. */
const REPETITION: Record<'hardware' | 'software', Repetition> = {
  hardware: { repeats: 7, repeatMs: 40, enoughMs: 600 },
  software: { repeats: 7, repeatMs: 40, enoughMs: 6000 },
};

const command = new Command('npm run bench:sampling --')
  .description('time trajectories at NFE 10: both executors, solve, and TensorFlow.js')
  .option('--out <file>', 'where all figures go as JSON')
  .option(
    '--export <folder>',
    'where fields, latents and end points go for bench/pytorch; without --out nothing is timed',
  )
  .option('--quick', 'small batches alone, on software an eighth of them; three repeats')
  .option(
    '--solvers <names>',
    'such as euler,amed,bespoke: AMED with a network of random weights, bespoke as the universal table of exact fields',
    (given) => given.split(','),
    USUAL,
  )
  .option('--only <word>', 'subjects whose name has this', '')
  .option('--data <file>', 'a data set, scaled to [-1, 1], in place of random numbers of the digits’ shape')
  .option('--columns <columns>', 'its columns, as in 0-63')
  .option('--no-tfjs', 'leave TensorFlow.js out')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench(options: Options): Promise<void> {
  const { out, quick = false, only, solvers, data, columns, device: choice } = options;
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const { software } = adapter;
  const given = data === undefined ? undefined : { file: data, columns };
  const all = await samplingSubjects({ quick, software, data: given });
  const subjects = all.filter(({ name }) => name.includes(only));
  if (subjects.length === 0) {
    throw new FewstepError(
      'unknown-name',
      `no subject has '${only}' in its name`,
      `there are: ${all.map(({ name }) => `'${name}'`).join(', ')}`,
    );
  }
  // What has no plan says so before anything is timed.
  for (const name of solvers) samplingPlan(name, subjects[0].field, NFE);
  if (options.export !== undefined) {
    await mkdir(options.export, { recursive: true });
    const plans = USUAL.map((name) => samplingPlan(name, subjects[0].field, NFE).plan);
    await exportSubjects(gpu, subjects, plans, options.export);
    console.log(`fields, latents and end points in ${options.export}`);
    if (out === undefined) return;
  }

  const tfjs = options.tfjs ? await startOf(gpu) : 'it was not asked for';
  const usual = REPETITION[software ? 'software' : 'hardware'];
  const repetition = quick ? { ...usual, repeats: 3 } : usual;
  const description = describeRun(adapter, TFJS_PACKAGES);
  const rows: SamplingRow[] = [];
  const failures: SamplingFailure[] = [];
  const ceilings: number[] = [];
  for (const subject of subjects) {
    for (const batch of subject.batches) {
      for (const name of solvers) {
        const sampled = samplingPlan(name, subject.field, NFE);
        const { plan } = sampled;
        console.error(`${subject.name}: ${plan.solver}, batch ${batch}`);
        const what = { id: subject.id, name: subject.name, solver: plan.solver, nfe: nfeOf(plan), batch };
        const fail = (by: string, message: string) => failures.push({ ...what, by, message });
        const contestants = await contestantsFor(gpu, subject, sampled, batch, tfjs === undefined, fail);
        const figures = await repeatInTurn(contestants, repetition, () => warmUp(gpu));
        ceilings.push(await multiplyAddCeiling(gpu, 1)); // while it is warm
        for (const [i, { by, difference }] of contestants.entries()) {
          const trajectoriesPerSecond = (1000 * batch) / figures[i].ms[1];
          const flops = subject.flops * what.nfe * trajectoriesPerSecond;
          rows.push({ ...what, by, ...figures[i], trajectoriesPerSecond, flops, difference });
        }
        for (const contestant of contestants) contestant.destroy();
        await save({ complete: false });
      }
    }
  }
  await warmUp(gpu);
  const copy = await copyCeiling(gpu);
  gpu.destroy();

  await save({ complete: true, copy });
  const ceiling = minMedianMax(ceilings);
  console.log(samplingTable(rows, failures, ceiling[2]));
  if (tfjs !== undefined) console.log(`TensorFlow.js was left out: ${tfjs}`);
  const { name, driver } = adapter;
  console.log(`${name} (${driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`);
  console.log(
    `multiply-add ceiling ${giga(ceiling[2])} GFLOP/s (median ${giga(ceiling[1])}), copies ${giga(copy)} GB/s`,
  );
  if (out !== undefined) console.log(`figures in ${out}`);

  /** So far, for another library may take the device with it. */
  async function save(state: { complete: boolean; copy?: number }): Promise<void> {
    if (out === undefined) return;
    const run = finishedRun(description, started, 'bench:sampling');
    const ceiling = minMedianMax(ceilings);
    const results = { schema: 'fewstep-bench-sampling-2', ...state, run, ceiling, rows, failures, tfjs };
    await writeAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  }
}

/** Why TensorFlow.js does not start; undefined where it does. */
function startOf(gpu: Gpu): Promise<string | undefined> {
  return startTfjs(gpu).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** All who can solve a plan, ours first. What another library fails at is its own failure. */
async function contestantsFor(
  gpu: Gpu,
  subject: SamplingSubject,
  { plan, predictor }: SamplingPlan,
  batch: number,
  tfjs: boolean,
  fail: (by: string, message: string) => void,
): Promise<Contestant[]> {
  const { field, at } = subject;
  const run = { batch, predictor };
  const contestants = [await prepared(gpu, field, plan, { ...run, executor: 'stepwise' })];
  if (field.prepareFused) contestants.push(await prepared(gpu, field, plan, { ...run, executor: 'fused' }));
  const rounds = at !== undefined && predictor === undefined && !gpu.adapter.software;
  for (const precision of rounds ? precisionsOf(gpu).slice(1) : []) {
    const rounded = { exact: field, rounded: at!(precision), precision };
    contestants.push(await preparedRounded(gpu, rounded, plan, batch));
  }
  // Of more, the way to the host is all that would be seen.
  if (batch === subject.batches[0]) contestants.push(called(gpu, field, plan, run));
  if (!tfjs || !USUAL.includes(plan.solver)) return contestants;
  try {
    const theirs = await tfjsContestant(gpu, subject, plan, batch);
    if (theirs) contestants.push(theirs);
    else fail('tfjs', 'a tensor of it would be too large');
  } catch (error) {
    fail('tfjs', (error as Error).message);
  }
  return contestants;
}

function giga(value: number): string {
  return (value / 1e9).toPrecision(3);
}
