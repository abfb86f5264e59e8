/** Where the time of one call of `solve` goes. `npm run bench:call -- --help`. */
import { Command } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { PreparedSolve } from '../src/execute/prepared-solve.js';
import { solve } from '../src/execute/solve.js';
import { Gpu } from '../src/gpu/gpu.js';
import { polynomial } from '../src/grid/grid.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { solverByName } from '../src/solver/registry.js';
import { warmUp } from './adapter/warm-up.js';
import { type CallBreakdown, callBreakdown } from './call-breakdown.js';
import { describeRun, finishedRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { randomMixture } from './random-fields.js';
import { type MinMedianMax, minMedianMax } from './spread.js';

interface Options {
  out?: string;
  quick?: boolean;
  device?: DeviceChoice;
}

/** A call that has next to nothing to compute, and one that reads 4 MiB back. */
const SUBJECTS = [
  { dim: 2, batch: 16 },
  { dim: 64, batch: 16_384 },
];

const command = new Command('npm run bench:call --')
  .description('say where the time of one call of `solve` goes: euler, NFE 10, a mixture')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--quick', 'fewer calls')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({ out, quick = false, device: choice }: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const plan = solverByName('euler').plan(polynomial().times(10));
  const calls = quick ? 9 : 51;
  const rows = [];
  for (const { dim, batch } of SUBJECTS) {
    const field = randomMixture(dim, 10);
    const prepared = await PreparedSolve.create(gpu, field, plan, { batch });
    await prepared.repeat(1);
    await solve(gpu, field, plan, { latents: { batch, seed: 0 } });
    await warmUp(gpu);
    const found: CallBreakdown[] = [];
    const waits: number[] = [];
    for (let seed = 1; seed <= calls; seed++) {
      found.push(await callBreakdown(gpu, field, plan, batch, seed));
      waits.push((await prepared.repeat(1, seed)).hostMs);
    }
    prepared.destroy();
    const of = (name: keyof CallBreakdown): MinMedianMax | undefined => {
      const values = found.flatMap((each) => each[name] ?? []);
      return values.length > 0 ? minMedianMax(values) : undefined;
    };
    rows.push({
      dim,
      batch,
      calls,
      parts: Object.fromEntries(
        Object.keys(found[0]).map((name) => [name, of(name as keyof CallBreakdown)] as const),
      ),
      preparedMs: minMedianMax(waits),
    });
  }
  gpu.destroy();
  const ms = (spread: MinMedianMax | undefined) => (spread ? spread[1].toFixed(3) : '');
  const names = Object.keys(rows[0].parts);
  const lines = rows.map(({ dim, batch, parts, preparedMs }) => [
    `${dim}-D`,
    batch.toLocaleString('en'),
    ...names.map((name) => ms(parts[name])),
    ms(preparedMs),
  ]);
  console.log(table(['mixture', 'batch', ...names, 'prepared'], lines));
  console.log(
    'milliseconds, medians; `prepared`: submit and wait of a solve that is allocated and reads nothing',
  );
  console.log(
    `${adapter.name} (${adapter.driver}), ${adapter.software ? 'software' : 'hardware'}; commit ${description.commit}`,
  );
  if (out === undefined) return;
  const run = finishedRun(description, started, 'bench:call');
  await writeAtomic(out, `${JSON.stringify({ schema: 'fewstep-bench-call-1', run, rows }, null, 2)}\n`);
  console.log(`figures in ${out}`);
}
