/**
 * How fast a network is with each tile that fits the adapter: whole trajectories in one dispatch, the forward pass and
 * the vector-Jacobian product. `npm run bench:tiles -- --help`.
 */
import { Command } from 'commander';
import { deviceOption, wholeNumber } from '../src/cli/options.js';
import { Gpu } from '../src/gpu/gpu.js';
import { type Precision, precisionsOf } from '../src/mlp/precision.js';
import { TILE_USES, type TileUse } from '../src/mlp/tile.js';
import { timeTiles } from '../src/mlp/timed-tile.js';
import { tileName, workPlansFor } from '../src/mlp/work-tile.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { writeAtomic } from '../src/node/files.js';
import { multiplyAddCeiling } from './adapter/ceiling.js';
import { warmUp } from './adapter/warm-up.js';
import { describeRun, finishedRun } from './describe-run.js';
import { leaveAfter } from './leave.js';
import { multiplyAdds } from './mlp/shape.js';
import { randomModel } from './random-fields.js';

interface Options {
  out?: string;
  most?: number;
  quick?: boolean;
  device?: DeviceChoice;
}

const NETWORKS = [
  { dim: 2, width: 64, batch: 262_144 },
  { dim: 64, width: 128, batch: 65_536 },
  { dim: 64, width: 256, batch: 65_536 },
];

const TASKS: { use: TileUse; precision: Precision }[] = [
  ...TILE_USES.map((use) => ({ use, precision: 'f32' as const })),
  { use: 'forward', precision: 'f16-matrix' },
  { use: 'together', precision: 'f16-matrix' },
];

const command = new Command('npm run bench:tiles --')
  .description('time each tile of networks of three widths')
  .option('--out <file>', 'where all figures go as JSON')
  .option('--most <count>', 'of the tiles that fit, the first so many', wholeNumber(1, 100))
  .option('--quick', 'a 64th of the batches')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<Options>()));

async function bench({ out, most, quick = false, device: choice }: Options): Promise<void> {
  const started = new Date();
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const description = describeRun(adapter);
  const rows: object[] = [];
  for (const { dim, width, batch } of NETWORKS) {
    const model = randomModel(dim, width);
    const { config } = model;
    for (const { use, precision } of TASKS.filter(({ precision }) => precisionsOf(gpu).includes(precision))) {
      const tiles = workPlansFor(gpu, config, use, precision).slice(0, most);
      const trajectories = quick || adapter.software ? batch / 64 : batch;
      // Once before, so that everything is compiled when it is timed.
      await timeTiles(gpu, model, tiles, { use, precision, trajectories: 64 });
      await warmUp(gpu);
      const before = await multiplyAddCeiling(gpu, 5, precision);
      const times = await timeTiles(gpu, model, tiles, { use, precision, trajectories });
      const ceiling = Math.max(before, await multiplyAddCeiling(gpu, 5, precision));
      for (const [i, each] of tiles.entries()) {
        const tile = tileName(each);
        const count = 2 * multiplyAdds(config, use === 'backward' ? 'each' : 'one') * trajectories;
        const flops = (1000 * count) / times[i];
        rows.push({ dim, width, use, precision, tile, trajectories, ms: times[i], flops, ceiling });
        const rate = `${(flops / 1e9).toPrecision(3)} GFLOP/s`;
        const share = `${((100 * flops) / ceiling).toFixed(0)} % of ceiling`;
        const what = [`${dim}-${width}`, use, precision, tile, `${times[i].toPrecision(3)} ms`];
        console.log([...what, rate, share].join('  '));
      }
    }
  }
  gpu.destroy();
  const { name, driver, software } = adapter;
  console.log(`${name} (${driver}), ${software ? 'software' : 'hardware'}; commit ${description.commit}`);
  if (out === undefined) return;
  const run = finishedRun(description, started, 'bench:tiles');
  await writeAtomic(out, `${JSON.stringify({ schema: 'fewstep-bench-tiles-2', run, rows }, null, 2)}\n`);
  console.log(`figures in ${out}`);
}
