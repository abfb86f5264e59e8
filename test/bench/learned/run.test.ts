import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { USUAL_GROUPS } from '../../../bench/learned/groups.js';
import { textOf } from '../../../bench/learned/print.js';
import { type LearnedOptions, runLearned } from '../../../bench/learned/run.js';
import { type LearnedResults, type Run, Store } from '../../../bench/learned/store.js';
import { truthOf } from '../../../bench/learned/truth.js';
import { ROBUST } from '../../../src/distill/settings.js';
import { gaussianMixture } from '../../../src/field/gaussian-mixture.js';
import { problemByName } from '../../../src/problem/registry.js';
import { gpu } from '../../device.js';
import { SLOW } from '../../mlp/fixtures.js';
import { expectRefusal } from '../../refusal.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-learned-'));
afterAll(() => rm(folder, { recursive: true }));

const field = gaussianMixture(problemByName('ring').mixture);
const about = { kind: field.kind, dim: field.dim };
const SETTINGS = { field: 'ring', batch: 64, bandwidth: undefined };
const run = () =>
  ({ started: new Date().toISOString(), seconds: 0, groups: [], nfe: [], seeds: [] }) as unknown as Run;

const CHOICE = {
  ...{ tables: ['amed'], networks: ['amed-ipndm'], conditioned: ['amed'], times: ['ipndm-3'] },
  budgets: [500, 25_000],
};

/** Runs what the file does not have, and tells what that was. */
async function measured(path: string, change: Partial<LearnedOptions> = {}): Promise<string[]> {
  const ran: string[] = [];
  const store = await Store.open(path, SETTINGS, about, run());
  await runLearned(store, {
    ...{ gpu, field, truth: await truthOf(field), counts: [3], seeds: [0], groups: USUAL_GROUPS, batch: 64 },
    choice: CHOICE,
    settings: { ...ROBUST, trajectories: 256, validation: 64, iterations: 4 },
    onGroup: (group, nfe, seed) => ran.push(`${group} ${nfe} ${seed}`),
    ...change,
  });
  return ran;
}

const read = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as LearnedResults;

test(
  'every group gives rows at the NFE; a file that has them is added to, not measured again',
  async () => {
    const path = join(folder, 'ring.json');
    const all = USUAL_GROUPS.map((group) => `${group} 3 0`);
    expect(await measured(path, { groups: USUAL_GROUPS.slice(0, 2) })).toEqual(all.slice(0, 2));
    expect(await measured(path)).toEqual(all.slice(2));
    expect(await measured(path)).toEqual([]);
    const results = await read(path);
    expect(results.runs).toHaveLength(2); // a run that measured nothing leaves the file as it was
    expect(results).toMatchObject({
      schema: 'fewstep-learned/1',
      settings: { field: 'ring', batch: 64 },
      field: about,
    });
    expect(results.reached).toMatchObject([{ seed: 0, exact: {}, floor: {} }]);
    const kinds = results.rows
      .filter(({ kind }) => kind !== 'plain')
      .map(({ kind, solver }) => `${solver} ${kind}`);
    expect(kinds.filter((kind) => !/gits|epd/.test(kind))).toEqual([
      'amed fixed-r',
      'amed table',
      'amed-ipndm published',
      'amed-ipndm robust-equal',
      'amed-ipndm network',
      'ipndm-3 times',
      'ipndm-3 times-told',
      'bespoke (universal) universal',
      expect.stringMatching(/^bespoke \(.*\) bespoke$/),
      'bespoke-net bespoke-net',
      'bespoke trained on as much bespoke-longer',
    ]);
    expect(kinds.some((kind) => kind.endsWith(' gits')) && kinds.some((kind) => kind.endsWith(' epd'))).toBe(
      true,
    );
    for (const row of results.rows) {
      expect(row).toMatchObject({
        nfe: 3,
        seed: 0,
        test: { mean: expect.any(Number), median: expect.any(Number) },
      });
      if (row.kind === 'plain') continue;
      expect(row.distances!.slicedWasserstein).toBeGreaterThan(0);
      expect(row.flips!.share).toBeGreaterThanOrEqual(0);
      expect(row.teacherEvaluations).toBeGreaterThan(0);
      if (!['gits', 'fixed-r', 'universal'].includes(row.kind)) expect(row.untrained).toBeDefined();
    }
    // What is best of the plain ones is shown like the others, and the text takes it from there.
    const plain = results.rows.filter(({ kind }) => kind === 'plain');
    const shown = plain.filter(({ distances }) => distances);
    const least = (by: 'mean' | 'median') => Math.min(...plain.map(({ test }) => test[by]));
    expect(shown.length).toBeLessThanOrEqual(2);
    expect(shown.map(({ test }) => test.mean)).toContain(least('mean'));
    expect(shown.map(({ test }) => test.median)).toContain(least('median'));
    const lines = textOf(results.rows, 3).split('\n');
    expect(lines).toHaveLength(3 + shown.length + kinds.length);
    expect(lines[3]).toContain(least('mean').toPrecision(3));

    // Another choice of solvers takes the place of the one before; another NFE and seed stand beside it.
    const choice = { ...CHOICE, tables: ['amed', 'amed-euler'], conditioned: [] };
    expect(await measured(path, { choice })).toEqual(['amed-tables 3 0']);
    expect(await measured(path, { choice, counts: [3, 4], seeds: [1], groups: ['epd'] })).toEqual([
      'epd 3 1',
      'epd 4 1',
    ]);
    const { rows } = await read(path);
    expect(rows.filter(({ kind }) => kind === 'table').map(({ solver }) => solver)).toEqual([
      'amed',
      'amed-euler',
    ]);
    expect(rows.filter(({ kind }) => kind === 'epd').map(({ nfe, seed }) => [nfe, seed])).toEqual([
      [3, 0],
      [3, 1],
      [4, 1],
    ]);
  },
  SLOW,
);

test(
  'one network for several NFE is trained once for all of them',
  async () => {
    const path = join(folder, 'conditioned.json');
    await measured(path, { counts: [3, 4], groups: ['amed-conditioned'] });
    const { rows } = await read(path);
    expect(rows.map(({ nfe, kind, solver }) => [nfe, kind, solver])).toEqual([
      [3, 'conditioned', 'amed'],
      [4, 'conditioned', 'amed'],
    ]);
    expect(rows[0].seconds).toBe(rows[1].seconds);
  },
  SLOW,
);

test('figures of other settings are not mixed, and another file is not overwritten', async () => {
  const path = join(folder, 'other.json');
  const store = await Store.open(path, SETTINGS, about, run());
  await store.put({ group: 'plain', nfe: 3, seed: 0 }, [], 1);
  await expectRefusal(
    () => Store.open(path, { ...SETTINGS, batch: 65 }, about, run()),
    'bad-argument',
    /figures of batch 64, not 65/,
  );
  await expectRefusal(
    () => Store.open(path, { ...SETTINGS, bandwidth: 0.1 }, about, run()),
    'bad-argument',
    /bandwidth not given, not 0.1/,
  );
  await writeFile(path, '{"schema": "something else"}');
  await expectRefusal(() => Store.open(path, SETTINGS, about, run()), 'bad-data', /no fewstep-learned/);
  await writeFile(path, 'x');
  await expectRefusal(() => Store.open(path, SETTINGS, about, run()), 'bad-data', /no JSON/);
});

test(
  'solvers of few evaluations keep to them, and where nothing can be learned of so few there is no row',
  async () => {
    const path = join(folder, 'budgets.json');
    await measured(path, { groups: ['bespoke-budgets', 'amed-budgets', 'times-budgets'] });
    const { rows } = await read(path);
    const taught = { nfe: 3, teacherEvaluations: 32_000 };
    expect(rows).toMatchObject([
      { kind: 'bespoke-budget', solver: 'bespoke of 25000 evaluations', ...taught },
      { kind: 'amed-budget', solver: 'amed of 25000 evaluations', afs: true, ...taught },
      { kind: 'times-budget', solver: 'ipndm-3 of 25000 evaluations', afs: true, ...taught },
    ]);
    for (const { evaluations, test: score } of rows) {
      expect(evaluations).toBeLessThanOrEqual(25_000);
      expect(evaluations).toBeGreaterThan(20_000);
      expect(score.mean).toBeGreaterThan(0);
    }
  },
  SLOW,
);
