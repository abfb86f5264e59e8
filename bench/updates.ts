/**
 * How near the solver updates come to what the adapter copies: each as the stepwise executor dispatches it, beside
 * copies of the same size in the same run, the multiply-add ceilings and what a dispatch costs.
 * `npm run bench:updates -- --help`.
 */
import { Command } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { FewstepError } from '../src/errors.js';
import { Gpu } from '../src/gpu/gpu.js';
import { type Precision, precisionsOf } from '../src/mlp/precision.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { multiplyAddCeiling } from './adapter/ceiling.js';
import { copyKernelSubject, copySubject } from './adapter/copy-rate.js';
import { type DispatchOverhead, dispatchOverhead } from './adapter/dispatch-overhead.js';
import { type BandwidthRow, measureBandwidth } from './adapter/measure-bandwidth.js';
import { warmUp } from './adapter/warm-up.js';
import { describeRun, finishedRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { slotSizes } from './updates/slot-sizes.js';
import { UPDATES, UpdateSlots } from './updates/subjects.js';

interface Options {
  out?: string;
  quick?: boolean;
  device?: DeviceChoice;
}

/** One update or copy at one size. */
interface UpdateRow extends BandwidthRow {
  /** Of one slot, or of what one copy reads. */
  slotBytes: number;
  /** Of the faster of two ways to copy as much: by the queue, by a kernel. */
  ofCopy: number;
}

const DIM = 64;

const command = new Command('npm run bench:updates --')
  .description('time the solver updates beside copies of the same size')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--quick', 'slots of 64 MiB at most, three repeats')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({ out, quick = false, device: choice }: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const repetition = { repeats: quick ? 3 : 7, repeatMs: adapter.software ? 60 : 20 };
  const rows: UpdateRow[] = [];
  for (const { slotBytes, slots } of slotSizes(gpu, quick)) {
    console.error(`${slots} slots of ${slotBytes / 2 ** 20} MiB`);
    rows.push(...(await measure(gpu, slotBytes, slots, repetition)));
  }
  await warmUp(gpu);
  const multiplyAdd: Partial<Record<Precision, number>> = {};
  for (const precision of precisionsOf(gpu))
    multiplyAdd[precision] = await multiplyAddCeiling(gpu, 5, precision);
  const dispatch = await dispatchOverhead(gpu, quick ? 5 : 20);
  gpu.destroy();

  print(rows);
  printCeilings(multiplyAdd, dispatch);
  const { name, driver, software } = adapter;
  console.log(`${name} (${driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`);
  if (out === undefined) return;
  const run = finishedRun(description, started, 'bench:updates');
  const results = { schema: 'fewstep-bench-updates-1', run, multiplyAdd, dispatch, rows };
  await writeAtomic(out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`figures in ${out}`);
}

async function measure(
  gpu: Gpu,
  slotBytes: number,
  slots: number,
  repetition: { repeats: number; repeatMs: number },
): Promise<UpdateRow[]> {
  const regions = Math.floor(slots / 2);
  const copies = [copySubject(gpu, slotBytes, regions), await copyKernelSubject(gpu, slotBytes, regions)];
  const state = await UpdateSlots.create(gpu, DIM, slotBytes / 4 / DIM, slots);
  const updates = await Promise.all(UPDATES.map((update) => state.subject(update)));
  const rows = await measureBandwidth(gpu, [...copies, ...updates], repetition);
  const broken = await state.broken();
  for (const each of [...copies, ...updates, state]) each.destroy();
  if (broken > 0) {
    throw new FewstepError(
      'not-finite',
      `the updates that were timed broke ${broken} trajectories`,
      'the adapter computes wrongly, or this is a fault in fewstep: run the tests, and report it',
    );
  }
  // On an H100 the command copies at 0.3 of what a kernel does, on lavapipe the kernel at a fifth of the command.
  const ceiling = Math.max(...rows.slice(0, copies.length).map(({ bytesPerSecond }) => bytesPerSecond));
  return rows.map((row) => ({ ...row, slotBytes, ofCopy: row.bytesPerSecond / ceiling }));
}

function print(rows: readonly UpdateRow[]): void {
  const header = ['', 'slot MiB', 'MiB moved', 'ms', 'least', 'most', 'wall ms', 'GB/s', 'of copy'];
  const lines = rows.map(({ name, slotBytes, bytes, wallMs, gpuMs, bytesPerSecond, ofCopy }) => {
    const [least, middle, most] = (gpuMs ?? wallMs).map((time) => time.toPrecision(3));
    const [slot, moved] = [slotBytes, bytes].map((size) => (size / 2 ** 20).toFixed(0));
    const share = `${(100 * ofCopy).toFixed(0)} %`;
    return [name, slot, moved, middle, least, most, wallMs[1].toPrecision(3), giga(bytesPerSecond), share];
  });
  console.log(table(header, lines));
}

function printCeilings(multiplyAdd: Partial<Record<Precision, number>>, dispatch: DispatchOverhead): void {
  const ceilings = Object.entries(multiplyAdd).map(([precision, rate]) => `${precision} ${giga(rate)}`);
  console.log(`multiply-add ceiling: ${ceilings.join(', ')} GFLOP/s`);
  const { submitUs, encodeUs, wallUs, gpuUs, dispatches } = dispatch;
  const [submit, encode, wall] = [submitUs, encodeUs, wallUs].map(([, middle]) => middle.toPrecision(3));
  const own = gpuUs ? `, ${gpuUs[1].toPrecision(3)} us by the GPU's clock` : '';
  console.log(
    `a dispatch: ${submit} us with submit and wait; each of ${dispatches} in a pass ${encode} us to encode, then ${wall} us${own}`,
  );
}

function giga(value: number): string {
  return (value / 1e9).toPrecision(3);
}
