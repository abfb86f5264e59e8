import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type LoadedData, loadTrainingData } from '../../src/cli/train-data.js';
import { expectRefusal } from '../refusal.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-train-data-'));
afterAll(() => rm(folder, { recursive: true }));

/** Sorted by label, as files often are: row i is (i, 1000 - i) of the kind floor(i / 100). */
const data = join(folder, 'sorted.csv');
const rows = Array.from({ length: 1000 }, (_, i) => `${i},${1000 - i},kind ${Math.floor(i / 100)}`);
await writeFile(data, `x,y,kind\n${rows.join('\n')}\n`);
const load = (seed: number, source: object = { labels: 'kind' }) =>
  loadTrainingData({ data, ...source }, seed);

/** The first numbers of the rows of a part. */
const firsts = (part: LoadedData['data']) => Array.from(part.values).filter((_, i) => i % 2 === 0);

it('a tenth of the rows is held out, at random, with their labels', async () => {
  const { data: training, heldOut, labelNames } = await load(1);
  expect(labelNames).toEqual(Array.from({ length: 10 }, (_, i) => `kind ${i}`));
  expect(firsts(heldOut)).toHaveLength(100);
  const all = [...firsts(training), ...firsts(heldOut)];
  expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  for (const part of [training, heldOut]) {
    firsts(part).forEach((x, row) => {
      expect(part.values[2 * row + 1]).toBe(1000 - x);
      expect(part.labels![row]).toBe(Math.floor(x / 100));
    });
    expect(new Set(part.labels).size, 'every kind is in both parts').toBe(10);
  }
});

it('the choice is that of the seed, and the digest tells', async () => {
  const [one, again, other] = [await load(1), await load(1), await load(2)];
  expect(again).toEqual(one);
  expect(firsts(other.heldOut)).not.toEqual(firsts(one.heldOut));
  expect(other.digest).not.toBe(one.digest);
});

it('data without labels have no names', async () => {
  expect(await load(1, { columns: '0-1' })).not.toHaveProperty('labelNames');
});

it('a label that is an essay is refused before training', async () => {
  const essay = join(folder, 'essay.csv');
  await writeFile(essay, `x,kind\n1,a\n2,${'x'.repeat(300)}\n3,a\n`);
  const source = { data: essay, labels: 'kind' };
  await expectRefusal(() => loadTrainingData(source, 1), 'bad-data', /essay.csv has a label of 300 char/);
});
