import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Results } from '../../src/report/results.js';
import { SLOW } from '../mlp/fixtures.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-bench-predictor-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  for (const [name, kind] of [
    ['table', 'table'],
    ['network', 'network'],
  ]) {
    const given = { trajectories: 512, validation: 128, iterations: 60, out: at(`${name}.safetensors`) };
    const student = { field: 'ring', solver: 'amed-ipndm', nfe: '3,5', kind, ...given };
    const outcome = await inProcess(['distill', ...flags(student)]);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  }
}, SLOW);

const bench = (options: Parameters<typeof flags>[0]) =>
  inProcess([
    'bench',
    ...flags({
      problem: 'ring',
      nfe: '3,4,5',
      batch: 64,
      solvers: 'ipndm-3,amed-ipndm',
      out: at('run'),
      ...options,
    }),
  ]);

test(
  'predictors are rows of a benchmark, at the NFE that they learned for',
  async () => {
    const files = ['table', 'network'].map((name) => at(`${name}.safetensors`)).join(',');
    const outcome = await bench({ predictor: files, afs: true });
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    const { cells } = JSON.parse(await readFile(join(at('run'), 'results.json'), 'utf8')) as Results;
    for (const name of ['table', 'network']) {
      const own = cells.filter(({ solver }) => solver === `amed-ipndm (${name})`);
      expect(own.map(({ nfe, evaluations, afs }) => ({ nfe, evaluations, afs }))).toEqual([
        { nfe: 3, evaluations: 3, afs: true },
        { nfe: 5, evaluations: 5, afs: true },
      ]);
      for (const { nfe, error } of own) {
        const untrained = cells.find((cell) => cell.solver === 'amed-ipndm' && cell.afs && cell.nfe === nfe)!;
        expect(error!.mean, `${name} at NFE ${nfe}`).toBeLessThan(untrained.error!.mean);
      }
    }
    // A network's r differs from trajectory to trajectory; a table's does not, and is in no cell.
    expect(cells.filter(({ steps }) => steps).map(({ solver, nfe }) => [solver, nfe])).toEqual([
      ['amed-ipndm (network)', 3],
      ['amed-ipndm (network)', 5],
    ]);
    const { steps } = cells.find((cell) => cell.steps && cell.nfe === 5)!;
    expect(steps).toHaveLength(3);
    for (const { r } of steps!) {
      expect(r.mean).toBeGreaterThan(0);
      expect(r.mean).toBeLessThan(1);
    }
    expect(Math.max(...steps!.map(({ r }) => r.p95 - r.p5))).toBeGreaterThan(0);
  },
  SLOW,
);

test(
  'a table on another field is measured with a note, a network refused without --force',
  async () => {
    const table = await bench({ problem: 'two-moons', nfe: 3, predictor: at('table.safetensors') });
    expect(table, table.stderr).toMatchObject({ status: 0 });
    expect(table.stderr).toMatch(/^note: two-moons: \S+table\.safetensors was distilled on another/m);
    expect(table.stderr).toMatch(/ field of 2 numbers than this one: on \S+, and this is two-moons;/);
    const network = { problem: 'two-moons', nfe: 3, predictor: at('network.safetensors') };
    const refused = await bench(network);
    expect(refused.status, refused.stderr).toBe(2);
    expect(refused.stderr).toMatch(/was distilled on another gaussian-mixture field[\s\S]*--force/);
    const forced = await bench({ ...network, force: true });
    expect(forced, forced.stderr).toMatchObject({ status: 0 });
  },
  SLOW,
);

test('what cannot be measured beside the others is refused before anything runs', async () => {
  const predictor = at('table.safetensors');
  const range = await bench({ predictor, 'sigma-max': 50 });
  expect(range.status).toBe(2);
  expect(range.stderr).toMatch(/goes from sigma 80 to 0\.002 at NFE 3, and the run from 50 to 0\.002/);
  const missing = await bench({ predictor: at('nothing.safetensors') });
  expect(missing.status).toBe(2);
  expect(missing.stderr).toMatch(/nothing\.safetensors/);
});
