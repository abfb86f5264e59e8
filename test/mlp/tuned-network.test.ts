import { expect, test } from 'vitest';
import { choicesOf, keepChoicesWith } from '../../src/gpu/choices.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { TILE_USES, tilesFor } from '../../src/mlp/tile.js';
import { timeTiles } from '../../src/mlp/timed-tile.js';
import { tunedNetwork } from '../../src/mlp/tuned-network.js';
import { tileName } from '../../src/mlp/work-tile.js';
import { random } from '../../src/rng/random.js';
import { asHardware, asIntel } from '../as-hardware.js';
import { gpu } from '../device.js';
import { freshSeed } from '../seed.js';
import { randomParameters, SLOW } from './fixtures.js';

// Of many numbers, for which fewer trajectories are timed: it is a software adapter that computes them.
const config = mlpConfig({ dim: 64, width: 32, layers: 2 });
const parameters = randomParameters(config, random(freshSeed()));

test(
  'the tiles of hardware are timed once, and what was found is kept',
  async () => {
    // What is kept at first is no tile's name, and measured again.
    class Kept extends Map<string, string> {
      override get(key: string) {
        return super.get(key) ?? 'nonsense';
      }
    }
    const found = new Kept();
    keepChoicesWith(gpu.device, found);
    const first = await tunedNetwork(asHardware, config, parameters, ['together']);
    expect(found.size).toBe(1);
    const [key, name] = [...found][0];
    expect(name).toBe(tileName(first.tilePlan('together')));

    // Another choice that was kept is taken as it is.
    const tiles = tilesFor(asHardware, config, 'together');
    const other = tiles.slice(0, 6).find((tile) => tileName(tile) !== name)!;
    found.set(key, tileName(other));
    const second = await tunedNetwork(asHardware, config, parameters, ['together']);
    expect(second.tilePlan('together')).toEqual(other);
    for (const network of [first, second]) network.destroy();
  },
  SLOW,
);

test(
  'a tile that cannot be compiled takes forever, and none that can is an error',
  async () => {
    const task = { use: 'together', trajectories: 8 } as const;
    const [fits] = tilesFor(asHardware, config, 'together');
    // More workgroup memory than any adapter has.
    const fails = { rows: 4096, groups: 4, columns: 1, block: 8 } as const;
    const [forever, some] = await timeTiles(asHardware, { config, parameters }, [fails, fits], task);
    expect(forever).toBe(Number.POSITIVE_INFINITY);
    expect(some).toBeGreaterThan(0);
    const none = timeTiles(asHardware, { config, parameters }, [fails], task);
    await expect(none).rejects.toMatchObject({ code: 'shader-compilation' });
  },
  SLOW,
);

test('software is not timed', async () => {
  keepChoicesWith(gpu.device, new Map());
  const software = new Gpu(gpu.device, { ...gpu.adapter, software: true });
  const network = await tunedNetwork(software, config, parameters, TILE_USES);
  expect(choicesOf(gpu.device)).toEqual(new Map());
  network.destroy();
});

test('no tile drops out for the parts of its output layer', () => {
  const namesOf = (dim: number) =>
    tilesFor(asHardware, mlpConfig({ dim, width: 256, layers: 3 }), 'together').map(tileName);
  // A state of up to four numbers has none.
  const all = namesOf(2);
  expect(all).toContain('8 x 2 rows, 2 x 32 columns');
  expect(all.length).toBeGreaterThan(5);
  for (const dim of [9, 31, 64, 128, 200]) expect(namesOf(dim), `dim ${dim}`).toEqual(all);
});

test('lanes with few registers try tiles of one column first', () => {
  const [many, few] = [asHardware, asIntel].map((on) =>
    tilesFor(on, mlpConfig({ dim: 2, width: 64 }), 'together'),
  );
  const columns = few.map((tile) => tile.columns);
  expect(columns).toEqual(columns.toSorted((a, b) => a - b));
  expect(many.map((tile) => tile.columns)).not.toEqual(columns);
  expect(few.map(tileName).toSorted()).toEqual(many.map(tileName).toSorted());
});
