/**
 * How fast a network is with each tile that fits the adapter: whole trajectories in one dispatch, the forward pass and
 * the vector-Jacobian product. `npm run bench:tiles -- --help`.
 */
import { Command } from 'commander';
import { deviceOption } from '../src/cli/options.js';
import { table } from '../src/cli/table.js';
import { Gpu } from '../src/gpu/gpu.js';
import { TILE_USES, tilesFor } from '../src/mlp/tile.js';
import { timeTile } from '../src/mlp/tuning.js';
import { type DeviceChoice, openDevice } from '../src/node/adapter.js';
import { multiplyAddCeiling } from './ceiling.js';
import { leaveAfter } from './leave.js';
import { multiplyAdds } from './mlp-shape.js';
import { randomModel } from './random-fields.js';

const NETWORKS = [
  { dim: 2, width: 64, batch: 262_144 },
  { dim: 64, width: 128, batch: 65_536 },
  { dim: 64, width: 256, batch: 65_536 },
];

const command = new Command('npm run bench:tiles --')
  .description('time each tile of networks of three widths')
  .option('--quick', 'a 64th of the batches')
  .addOption(deviceOption())
  .exitOverride();
await leaveAfter(() => bench(command.parse().opts<{ quick?: boolean; device?: DeviceChoice }>()));

async function bench({
  quick = false,
  device: choice,
}: {
  quick?: boolean;
  device?: DeviceChoice;
}): Promise<void> {
  const { device, adapter } = await openDevice({ device: choice });
  const gpu = new Gpu(device, adapter);
  const ceiling = await multiplyAddCeiling(gpu);
  const lines: string[][] = [];
  for (const { dim, width, batch } of NETWORKS) {
    const model = randomModel(dim, width);
    const { config } = model;
    for (const use of TILE_USES) {
      for (const tile of tilesFor(gpu, config, use)) {
        const trajectories = quick || adapter.software ? batch / 64 : batch;
        const ms = await timeTile(gpu, model, tile, use, trajectories);
        const flops =
          (2 *
            multiplyAdds(config, use === 'together' || use === 'forward' ? 'one' : 'each') *
            trajectories *
            1000) /
          ms;
        const { rows, groups, columns, block } = tile;
        lines.push([
          `${dim}-${width}`,
          use,
          `${rows} x ${groups}, ${columns} x ${block}`,
          ms.toPrecision(3),
          (flops / 1e9).toPrecision(3),
          `${((100 * flops) / ceiling).toFixed(0)} %`,
        ]);
      }
    }
  }
  console.log(
    table(['network', 'pass', 'rows x groups, columns x block', 'ms', 'GFLOP/s', 'of ceiling'], lines),
  );
  console.log(`${adapter.name}: multiply-add ceiling ${(ceiling / 1e9).toPrecision(3)} GFLOP/s`);
  gpu.destroy();
}
