import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/io/npy.js';
import { parseResults } from '../../src/report/parse-results.js';
import { rowLabel } from '../../src/report/results.js';
import { random } from '../../src/rng/random.js';
import { freshSeed } from '../seed.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-bench-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Runs a small benchmark in this process and reads what it wrote. */
async function bench(out: string, options: Parameters<typeof flags>[0]) {
  const small = { solvers: 'euler,heun,ipndm-3', nfe: '4,6', batch: 64, 'exact-nfe': 16 };
  const outcome = await inProcess(['bench', ...flags({ out: at(out), ...small, ...options })]);
  expect(outcome).toMatchObject({ status: 0 });
  const read = (name: string) => readFile(join(at(out), name), 'utf8');
  const json: unknown = JSON.parse(await read('results.json'));
  return {
    ...outcome,
    json,
    results: parseResults(json),
    csv: await read('results.csv'),
    page: await read('report.html'),
  };
}

describe('a run of two problems, three solvers and two NFE', () => {
  let run: Awaited<ReturnType<typeof bench>>;
  beforeAll(async () => {
    run = await bench('new/deep', { problem: 'ring,two-moons', json: true });
  });

  it('prints an outline as JSON and nothing else', () => {
    const { problems, cells, run: description } = run.results;
    expect(JSON.parse(run.stdout)).toEqual({
      results: at('new/deep/results.json'),
      report: at('new/deep/report.html'),
      complete: true,
      problems: problems.map(({ name }) => name),
      cells: cells.length,
      failures: 0,
      seconds: expect.any(Number),
      adapter: description.adapter,
    });
  });

  it('writes three whole files and results that survive reading and writing', async () => {
    expect((await readdir(at('new/deep'))).sort()).toEqual(['report.html', 'results.csv', 'results.json']);
    expect(JSON.parse(JSON.stringify(run.results))).toEqual(run.json);
    expect(run.results).toMatchObject({ complete: true, failures: [] });
    expect(run.results.run).toMatchObject({
      suite: 'quick',
      batch: 64,
      seeds: [0],
      nfe: [4, 6],
      sigmaMax: 80,
    });
    expect(run.results.cells).toHaveLength(2 * 3 * 2);
    expect(run.csv.trimEnd().split('\n')).toHaveLength(1 + 12);
  });

  it('describes the machine and the source', () => {
    const { adapter, packages, node, fewstep, cores } = run.results.run;
    expect(adapter.name).not.toBe('');
    expect(Object.values(packages).every((version) => /^\d+\.\d+/.test(version))).toBe(true);
    expect([node, /^\d+\.\d+/.test(fewstep), cores > 0]).toEqual([process.version, true, true]);
  });

  it('shows every row and every figure in the report', () => {
    const { document } = parseHTML(run.page);
    for (const { name } of run.results.problems) {
      const table = document.querySelector(`#problem-${name} table.figures`)!.textContent!;
      const section = document.querySelector(`#problem-${name}`)!.textContent!;
      for (const cell of run.results.cells.filter(({ problem }) => problem === name)) {
        expect(section).toContain(rowLabel(cell));
        expect(table).toContain(cell.error!.mean.toPrecision(3));
      }
    }
    // An exact flow of 16 evaluations is nothing to measure six against, and the report says so.
    expect(document.querySelector('#method .warning')!.textContent).toContain('larger --exact-nfe');
  });
});

describe("the user's own", () => {
  it('field in WGSL is measured against its own accurate solve, which the report says', async () => {
    const wgsl = join(import.meta.dirname, '../field/custom/two-gaussians.wgsl');
    const { results, page, stdout } = await bench('field', { field: wgsl, dim: 2, nfe: '4' });
    expect(results.problems).toMatchObject([{ name: 'two-gaussians.wgsl', dim: 2, standIn: true }]);
    expect(results.cells.map(({ solver, evaluations }) => [solver, evaluations])).toEqual([
      ['euler', 4],
      ['heun', 4],
      ['ipndm-3', 4],
    ]);
    expect(page).toContain('stand in for true ones');
    expect(stdout).toMatch(/two-gaussians\.wgsl \(2-D\).*\nNFE +4\neuler +[\d.]+/);
  });

  it('images are shown as images, scaled data measured in their own units', async () => {
    const source = random(freshSeed());
    const pixels = Float32Array.from({ length: 20 * 12 }, () => (source.uniform() < 0.5 ? 0 : 255));
    await writeFile(at('images.npy'), writeNpy([20, 12], pixels));
    const { results, page } = await bench('images', { data: at('images.npy'), image: '3x4', scale: true });
    const [problem] = results.problems;
    expect(problem).toMatchObject({ kind: 'image', imageShape: [3, 4], batch: 64 });
    expect(problem.scaling).toEqual({ offset: 127.5, scale: 127.5 });
    // The length of an image of noise in [0, 255], of which an error is a part; in [-1, 1] all would be below 4.
    const worst = Math.max(...results.cells.map((cell) => cell.error!.mean));
    expect(worst).toBeGreaterThan(10);
    expect(Math.max(...problem.truth)).toBeLessThan(2);
    expect(page).toContain('(x − 128) / 128');
    expect(page).toContain('data:image/png;base64,');
  });

  it('solvers are left out with a note where they reach no NFE', async () => {
    const { results, stderr } = await bench('odd', { problem: 'ring', nfe: '5,3' });
    expect(stderr).toContain('note: left out, since no NFE of the run is in reach: heun\n');
    expect(results.cells.map(({ solver, nfe }) => `${solver} ${nfe}`)).toEqual([
      'euler 5',
      'euler 3',
      'ipndm-3 5',
      'ipndm-3 3',
    ]);
  });

  it('a suite leaves out a grid that the range has no room for', { timeout: 60_000 }, async () => {
    const gridsFrom = async (out: string, sigmaMin: number) => {
      const few = { batch: 16, 'exact-nfe': 16, 'learn-trajectories': 128, 'learn-iterations': 4 };
      const asked = { out: at(out), problem: 'ring', nfe: '3', 'sigma-min': sigmaMin, ...few };
      const outcome = await inProcess(['bench', ...flags(asked)]);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      const { cells } = parseResults(JSON.parse(await readFile(join(at(out), 'results.json'), 'utf8')));
      return [...new Set(cells.map(({ grid }) => grid))];
    };
    expect(await gridsFrom('wide', 0.01)).toContain('time_uniform:3');
    const narrow = await gridsFrom('narrow', 0.15);
    expect(narrow).toContain('polynomial:7');
    expect(narrow).not.toContain('time_uniform:3');
  });

  it('is refused where the range has room for none of the rows', async () => {
    const asked = {
      out: at('roomless'),
      problem: 'ring',
      solvers: 'bespoke:universal',
      nfe: 5,
      'exact-nfe': 16,
    };
    const { status, stderr } = await inProcess(['bench', ...flags({ ...asked, batch: 16, 'sigma-max': 1 })]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /nothing to measure: ring has no bespoke \(universal\) at NFE 5: times from/,
      ),
    });
    expect(await readdir(folder)).not.toContain('roomless');
  });

  it('solver options and AFS are rows of their own', async () => {
    const solvers = 'dpm-solver-2:r=0.4,unipc-2:variant=bh1';
    const { results } = await bench('options', { problem: 'ring', solvers, nfe: '3,4', afs: true });
    expect(results.cells.map((cell) => `${rowLabel(cell)} ${cell.nfe}`).sort()).toEqual([
      'dpm-solver-2:r=0.4 + AFS 3',
      'dpm-solver-2:r=0.4 4',
      'unipc-2:variant=bh1 + AFS 3',
      'unipc-2:variant=bh1 + AFS 4',
      'unipc-2:variant=bh1 3',
      'unipc-2:variant=bh1 4',
    ]);
  });
});

it('grids that are searched are found once for all NFE, and the results tell their times and cost', async () => {
  const { results, csv, page } = await bench('gits', {
    problem: 'ring',
    solvers: 'euler,heun',
    grids: 'polynomial:7,gits',
    afs: true,
  });
  const searched = results.cells.filter(({ grid }) => grid === 'gits');
  expect(searched.map((cell) => [rowLabel(cell), cell.nfe, cell.times?.length])).toEqual([
    ['euler · gits', 4, 5],
    ['euler · gits', 6, 7],
    ['euler · gits + AFS', 4, 6],
    ['euler · gits + AFS', 6, 8],
    ['heun · gits', 4, 3],
    ['heun · gits', 6, 4],
  ]);
  for (const { times } of searched) expect([times?.[0], times?.at(-1)]).toEqual([80, 0.002]);
  expect(results.cells.filter(({ times }) => times)).toEqual(searched);
  const [problem] = results.problems;
  expect(problem.search).toMatchObject({ teacher: 'ipndm-4', evaluations: 60, trajectories: 256 });
  expect(csv).toContain(`,${searched[0].times!.join(' ')},`);
  expect(page).toContain('searched with ipndm-4 at NFE 60 on 256 trajectories');
});

describe('--executor', () => {
  const asked = (executor: string, solvers = 'euler,heun') =>
    bench(`by-${executor}`, { problem: 'ring', solvers, nfe: 4, executor });

  it('says who runs the plans, and the figures are alike', async () => {
    const [fused, stepwise, auto] = [await asked('fused'), await asked('stepwise'), await asked('auto')];
    const ran = ({ results }: typeof fused) => results.cells.map(({ executor }) => executor);
    // So few evaluations are not worth compiling a kernel for on software.
    const { software } = auto.results.run.adapter;
    expect([ran(fused), ran(stepwise), ran(auto)]).toEqual([
      ['fused', 'fused'],
      ['stepwise', 'stepwise'],
      software ? ['stepwise', 'stepwise'] : ['fused', 'fused'],
    ]);
    for (const [i, { error }] of fused.results.cells.entries()) {
      expect(error!.median / stepwise.results.cells[i].error!.median).toBeCloseTo(1, 3);
    }
  });

  it('refuses what cannot run fused, and says why', async () => {
    // As a table each state is a sum over all evaluations before it, more than a kernel has places for.
    const table = at('euler-26.json');
    const made = await inProcess(['solver', 'euler', '--nfe', '26', '--table', '--out', table]);
    expect(made.status).toBe(0);
    const options = { problem: 'ring', solvers: 'euler', table, nfe: 26, batch: 8, 'exact-nfe': 8 };
    const outcome = await inProcess([
      'bench',
      ...flags({ out: at('refused'), ...options, executor: 'fused' }),
    ]);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toMatch(/cannot run fused: it keeps more states of 2 numbers/);
    expect(outcome.stderr).toContain("'stepwise', or 'auto'");
  });
});
