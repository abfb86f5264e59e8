import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { saveTable } from '../../src/node/table.js';
import { parseResults } from '../../src/report/parse-results.js';
import { planFor } from '../../src/solver/plan-for.js';
import { tableOf } from '../../src/solver/table.js';
import { SLOW } from '../mlp/fixtures.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-bench-table-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const euler = tableOf(planFor({ solver: 'euler', nfe: 6, grid: 'logsnr' }));
await saveTable(at('mine.json'), { table: euler });
await saveTable(at('short.json'), { table: tableOf(planFor({ solver: 'euler', nfe: 3 })) });
const rows = euler.rows.map((row) => row.with(1, 0.001));
await saveTable(at('wide.json'), { table: { ...euler, rows }, mean: [1, 2, 3] });

const bench = (options: Parameters<typeof flags>[0]) =>
  inProcess([
    'bench',
    ...flags({
      problem: 'ring',
      nfe: '5,6',
      batch: 64,
      solvers: 'euler',
      grids: 'logsnr',
      out: at('run'),
      ...options,
    }),
  ]);

test(
  'a table is a row of a benchmark at its own NFE, and as good as its solver',
  async () => {
    const outcome = await bench({ table: `${at('mine.json')},${at('short.json')}` });
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    expect(outcome.stderr).toMatch(/left out, since no NFE of the run is in reach: euler \(short\)/);
    const { cells } = parseResults(JSON.parse(await readFile(join(at('run'), 'results.json'), 'utf8')));
    const own = cells.filter(({ answers }) => answers === 'table');
    expect(own.map(({ solver, nfe, evaluations, times }) => ({ solver, nfe, evaluations, times }))).toEqual([
      { solver: 'euler (mine)', nfe: 6, evaluations: 6, times: [...euler.times, euler.sigmaMin] },
    ]);
    const itself = cells.find(({ solver, nfe }) => solver === 'euler' && nfe === 6)!;
    // The same trajectories up to float32's rounding.
    expect(Math.abs(own[0].error!.mean / itself.error!.mean - 1)).toBeLessThan(1e-3);
    // Nothing is said to have been learned.
    const html = await readFile(join(at('run'), 'report.html'), 'utf8');
    expect(html).toContain('euler (mine)');
    expect(html).not.toContain('The best AMED solver');
  },
  SLOW,
);

test('what cannot be measured beside the others is refused before anything runs', async () => {
  const range = await bench({ table: at('mine.json'), 'sigma-max': 50 });
  expect(range.status).toBe(2);
  expect(range.stderr).toMatch(/mine\.json goes from sigma 80 to 0\.002, and the run from 50 to 0\.002/);
  const wide = await bench({ table: at('wide.json') });
  expect(wide.status).toBe(2);
  expect(wide.stderr).toMatch(/constant of 3 numbers; the field's states have 2/);
});
