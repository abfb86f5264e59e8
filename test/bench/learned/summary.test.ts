import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { againstBase, againstKin, againstPublished } from '../../../bench/learned/bars.js';
import { readCells } from '../../../bench/learned/cells.js';
import type { Row } from '../../../bench/learned/row.js';
import { BEST_AMED, summarise } from '../../../bench/learned/summary.js';
import { summaryText } from '../../../bench/learned/summary-text.js';
import { expectRefusal } from '../../refusal.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-summary-'));
afterAll(() => rm(folder, { recursive: true }));

const score = (mean: number, median: number) => ({
  mean,
  median,
  score: Math.log(mean) + Math.log(median) / 2,
});
const row = (kind: string, solver: string, mean: number, median: number, more: Partial<Row> = {}) => ({
  ...{ nfe: 5, seed: 0, kind, solver, grid: 'logsnr', afs: true, test: score(mean, median) },
  ...more,
});
const adapter = { name: 'GPU', driver: 'driver 1', software: true };

let files = 0;
async function write(content: unknown): Promise<string> {
  const path = join(folder, `${files++}.json`);
  await writeFile(path, JSON.stringify(content));
  return path;
}

const learned = (field: string, rows: object[], more = {}) => ({
  schema: 'fewstep-learned/1',
  settings: { field, batch: 64 },
  ...{
    field: { kind: field.endsWith('.safetensors') ? 'mlp' : 'gaussian-mixture', dim: 2 },
    runs: [{ adapter }],
  },
  ...{ reached: [], done: [], rows, ...more },
});

const distances = (slicedWasserstein: number) => ({ slicedWasserstein, energy: 1, frechet: 1 });
const RING = learned(
  'ring',
  [
    // The best by mean and by median are two rows.
    row('plain', 'euler', 4, 9, { distances: distances(0.7), flips: { share: 0.25, meanWithout: 1 } }),
    row('plain', 'heun', 5, 6),
    row('plain', 'ipndm-2', 8, 2),
    row('gits', 'euler', 8, 1),
    row('gits', 'heun', 2, 4),
    row('table', 'amed', 2, 4, { untrained: score(3, 3) }),
    row('table', 'amed-ipndm', 1, 0.5, { untrained: score(2, 1), distances: distances(0.3) }),
    row('published', 'amed-ipndm', 3, 1, { untrained: score(2, 1) }),
    row('robust-equal', 'amed-ipndm', 2, 1, { untrained: score(2, 1) }),
    row('fixed-r', 'amed', 0.1, 0.1),
    row('bespoke', 'bespoke', 0.5, 0.25),
  ],
  { reached: [{ seed: 0, exact: distances(0.2), floor: distances(0.1) }] },
);

test('gains are against the best that learned nothing, by mean and by median apart, and their geometric means', async () => {
  const other = learned('ring', [
    row('plain', 'euler', 1, 1, { seed: 1 }),
    row('bespoke', 'bespoke', 2, 0.5, { seed: 1 }),
  ]);
  const network = learned('net.safetensors', [
    row('plain', 'euler', 1, 1),
    row('bespoke', 'bespoke', 0.5, 0.1),
  ]);
  const cells = await readCells(await Promise.all([RING, other, network].map(write)));
  expect(cells.map(({ field, seed, network: trained }) => [field, seed, trained])).toEqual([
    ['ring', 0, false],
    ['ring', 1, false],
    ['net.safetensors', 0, true],
  ]);
  const of = (name: string) => summarise(cells).find(({ series }) => series === name)!;
  const bespoke = of('bespoke');
  expect(bespoke.gains.map(({ mean, median }) => [mean, median])).toEqual([
    [8, 8],
    [0.5, 2],
    [2, 10],
  ]);
  expect(bespoke).toMatchObject({ won: { mean: 2, median: 3 } });
  expect(bespoke.networks!.median).toBeCloseTo(10, 12);
  expect(bespoke.analytic!.mean).toBeCloseTo(2, 12);
  expect(bespoke.analytic!.median).toBeCloseTo(4, 12);
  expect(bespoke.lost.map(({ cell }) => cell.seed)).toEqual([1]);
  // Searched grids have the same hindsight: each figure of the row where it is best.
  expect(of('gits').gains).toMatchObject([{ mean: 2, median: 2 }]);
  // A fixed r learned nothing, so that it is no AMED row.
  expect(of(BEST_AMED).gains).toMatchObject([{ mean: 4, median: 4 }]);
  expect(of('amed, fixed-r').gains).toMatchObject([{ mean: 40, median: 20 }]);
});

test('the bars of AMED are counted over the rows that there are', async () => {
  const cells = await readCells([await write(RING)]);
  expect(againstKin(cells, 'table')).toEqual({ of: 1, mean: 1, median: 1 });
  expect(againstKin(cells, 'network')).toEqual({ of: 0, mean: 0, median: 0 });
  expect(againstPublished(cells)).toEqual({ of: 1, mean: 1, median: 0 }); // the medians are equal
  expect(
    againstBase(cells).map(({ kind, on, of, worse }) => [kind, on, of, worse.map(({ row }) => row.solver)]),
  ).toEqual([
    ['table', 'fresh latents', 2, ['amed']],
    ['published', 'fresh latents', 1, ['amed-ipndm']],
    ['robust-equal', 'fresh latents', 1, []],
  ]);
});

test('files of one field are joined; the last one counts where both have a row', async () => {
  const plain = row('plain', 'euler', 4, 4);
  const table = row('table', 'amed', 2, 2, { base: score(1, 9), best: score(2, 2) });
  const ring = [
    learned('ring', [plain, table]),
    // Another grid is another plain row, but the same learned one.
    learned('ring', [
      { ...plain, grid: 'x', test: score(3, 3) },
      { ...table, grid: 'x', test: score(0.5, 0.5) },
    ]),
  ];
  const net = learned('models/net.safetensors', [plain, table]);
  const cells = await readCells(await Promise.all([net, ...ring].map(write)));
  expect(cells).toMatchObject([
    { field: 'net.safetensors', network: true, rows: [plain, table] },
    { field: 'ring', network: false, rows: [{}, {}, {}] },
  ]);
  const [{ gains }] = summarise(cells);
  expect(gains.map(({ mean }) => mean)).toEqual([2, 6]);
  expect(againstBase(cells)).toMatchObject([{ kind: 'table', on: 'validation', of: 2, worse: [{}, {}] }]);
});

test('what diverged is infinitely bad', async () => {
  const path = await write(
    learned('ring', [row('plain', 'euler', 4, 4), row('epd', 'epd', Infinity, Infinity)]),
  );
  const [{ won, gains }] = summarise(await readCells([path]));
  expect({ won, gains }).toMatchObject({ won: { mean: 0, median: 0 }, gains: [{ mean: 0, median: 0 }] });
});

test('the text has the gains, the cells that are not won, flips and distances, and the adapter', async () => {
  const more = [1, 2].map((seed) =>
    learned('ring', [
      row('plain', 'euler', 1, 1, { seed }),
      row('bespoke', 'bespoke', seed, 1 / seed, { seed }),
    ]),
  );
  const text = summaryText(await readCells(await Promise.all([RING, ...more].map(write))));
  expect(text).toContain('Adapters: GPU (driver 1), software.');
  expect(text).toContain('| bespoke | 3 | 1 | 2 |');
  expect(text).toContain(
    '- bespoke, 2 of 3: ring NFE 5 seed 1 (1.00 / 1.00); ring NFE 5 seed 2 (0.500 / 2.00)',
  );
  expect(text).toContain('| ring | 1.00 [0.500..8.00] / 2.00 [1.00..8.00] |');
  expect(text).toContain('| ring | best plain | 25.0 |');
  for (const [name, value] of [
    ['best plain', '0.700'],
    [BEST_AMED, '0.300'],
    ['exact flow', '0.200'],
    ['fresh data', '0.100'],
  ]) {
    expect(text).toContain(`| ring | ${name} | ${value} |`);
  }
});

test('a file of something else is refused', async () => {
  const path = await write({ schema: 'other' });
  await expectRefusal(() => readCells([path]), 'bad-data', /no fewstep-learned\/1 file/);
});
