import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseResults } from '../../src/report/parse-results.js';
import { SLOW } from '../mlp/fixtures.js';
import { build, flags, type Running, said, start } from './command.js';

let folder: string;
beforeAll(build);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fewstep-bench-interrupt-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Minutes of cells, with a moment of exact flow before the first. */
function startLong(changes: Parameters<typeof flags>[0] = {}): Running {
  const seeds = [...Array(200).keys()].join(',');
  const long = { problem: 'ring', batch: 64, 'exact-nfe': 16, nfe: '1,2,3,4,5,6,7,8', seeds, out: 'out' };
  return start(['bench', ...flags({ ...long, ...changes })], { cwd: folder });
}

const PROGRESS = /^\d+ of \d+ parts, \d+ s left$/m;
const results = async (out: string) =>
  parseResults(JSON.parse(await readFile(join(folder, out, 'results.json'), 'utf8')));

describe.skipIf(process.platform !== 'linux')('a benchmark that is stopped', () => {
  it('keeps the finished cells and ends with status 130', async () => {
    const stopped = async (signal: 'SIGINT' | 'SIGTERM') => {
      const running = startLong({ out: signal });
      await said(running, PROGRESS);
      running.child.kill(signal);
      const { status, stdout, stderr } = await running.outcome;
      expect({ status, stderr }).toEqual({
        status: 130,
        stderr: expect.stringContaining(`${signal}: finishing`),
      });
      const { complete, cells, problems } = await results(signal);
      expect(complete).toBe(false);
      expect(cells.length).toBeGreaterThan(0);
      expect(problems).toHaveLength(1);
      expect(stderr).toContain(
        `error: stopped after ${cells.length} cells\n  they are kept in ${signal}; with`,
      );
      expect(stdout).toContain(`${cells.length} cells in`);
      const page = await readFile(join(folder, signal, 'report.html'), 'utf8');
      expect(page).toContain('This run was interrupted');
      expect(page.trimEnd().endsWith('</html>')).toBe(true);
      expect((await readdir(join(folder, signal))).sort()).toEqual([
        'report.html',
        'results.csv',
        'results.json',
      ]);
    };
    await Promise.all([stopped('SIGINT'), stopped('SIGTERM')]);
  });

  it(
    'leaves the results of a run that finished',
    async () => {
      const once = start(
        ['bench', ...flags({ problem: 'ring', solvers: 'euler', nfe: 3, batch: 8, out: 'out' })],
        {
          cwd: folder,
        },
      );
      expect((await once.outcome).status).toBe(0);
      const finished = await results('out');
      const running = startLong();
      await said(running, PROGRESS);
      running.child.kill('SIGINT');
      expect((await running.outcome).stderr).toContain('they are kept in out/partial');
      expect(await results('out')).toEqual(finished);
      expect((await results('out/partial')).complete).toBe(false);
      // A run that ends takes their place.
      const again = start(
        ['bench', ...flags({ problem: 'ring', solvers: 'heun', nfe: 4, batch: 8, out: 'out' })],
        {
          cwd: folder,
        },
      );
      expect((await again.outcome).status).toBe(0);
      expect((await results('out')).cells.map(({ solver }) => solver)).toContain('heun');
      expect((await readdir(join(folder, 'out'))).sort()).toEqual([
        'report.html',
        'results.csv',
        'results.json',
      ]);
    },
    SLOW,
  );

  it(
    'goes on where it was stopped, with the same figures, and loses none when it is stopped again',
    async () => {
      const work = { problem: 'ring', solvers: 'euler,amed:r=best', nfe: '4,8', batch: 64, 'exact-nfe': 16 };
      const seeds = [...Array(20).keys()].join(',');
      const run = (out: string, more: Parameters<typeof flags>[0] = {}) =>
        start(['bench', ...flags({ ...work, seeds, out, ...more })], { cwd: folder });
      const stop = async (running: Running, out = 'out') => {
        await said(running, PROGRESS);
        running.child.kill('SIGINT');
        const { status, stderr } = await running.outcome;
        expect(stderr).toContain('with --resume the same command goes on');
        expect(status).toBe(130);
        return results(out);
      };
      const first = await stop(run('out'));
      const again = await stop(run('out', { resume: true }));
      expect(again.cells.length).toBeGreaterThanOrEqual(first.cells.length);
      const plain = ({ cells }: typeof first) => cells.filter(({ answers }) => !answers);
      // Timings too are those of before.
      for (const cell of plain(first)) expect(plain(again)).toContainEqual(cell);

      const { status, stderr } = await run('out', { resume: true }).outcome;
      expect({ status, stderr }).toMatchObject({ status: 0 });
      const resumed = await results('out');
      for (const cell of plain(again)) expect(plain(resumed)).toContainEqual(cell);
      expect(resumed.run.started).toBe(first.run.started);
      expect((await run('whole').outcome).status).toBe(0);
      const whole = await results('whole');
      const figures = ({ cells }: typeof first) => cells.map(({ timing: _, ...cell }) => cell);
      expect(figures(resumed)).toEqual(figures(whole));

      const refused = async (out: string, more: Parameters<typeof flags>[0] = {}) => {
        const { status, stderr } = await run(out, { resume: true, ...more }).outcome;
        expect(status).toBe(2);
        return stderr;
      };
      expect(await refused('out')).toContain('--resume: the run in out was not stopped');
      expect(await refused('nowhere')).toContain('--resume: nowhere has no results');
      await stop(run('other'), 'other');
      expect(await refused('other', { batch: 32 })).toContain("--resume: the command was 'fewstep bench");
      await writeFile(join(folder, 'other', 'results.json'), '{"run": ');
      expect(await refused('other')).toContain('is not JSON');
    },
    SLOW,
  );

  it('before its first cell writes nothing', async () => {
    const running = startLong({ 'exact-nfe': 2048 });
    await deviceOf(running);
    running.child.kill('SIGINT');
    const { status, stdout, stderr } = await running.outcome;
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect(stderr).toContain('error: stopped before the first cell\n  run again');
    expect(await readdir(folder)).toEqual([]);
  });

  it('twice ends at once', async () => {
    // Minutes of one solve, for which nobody who asks twice waits.
    const running = startLong({ 'exact-nfe': 4096, problem: 'glyphs', batch: 4096 });
    await deviceOf(running);
    running.child.kill('SIGINT');
    await said(running, /finishing the cell at hand/);
    running.child.kill('SIGINT');
    const { status, stderr } = await running.outcome;
    expect({ status, stderr }).toEqual({ status: 130, stderr: expect.not.stringContaining('error:') });
    expect(await readdir(folder)).toEqual([]);
  });

  it('by a crash leaves the problems that were done, and every file whole', async () => {
    // Saved after each problem, and each is done in a moment.
    const problems = ['ring', 'two-moons', 'checkerboard', 'swiss-roll', 'pinwheel'];
    const running = startLong({ problem: problems.join(','), seeds: 1, nfe: '4' });
    let ended = false;
    running.outcome.then(() => {
      ended = true;
    });
    const saved = async () => (await readdir(folder, { recursive: true })).includes('out/results.json');
    await until(async () => ended || (await saved()));
    // Whenever one looks.
    const first = await results('out');
    expect(first.problems.length).toBeGreaterThan(0);
    await pause(Math.random() * 500);
    running.child.kill('SIGKILL');
    await running.outcome;
    const last = await results('out');
    const names = last.problems.map(({ name }) => name);
    expect(names).toEqual(problems.slice(0, names.length));
    expect(names.length).toBeGreaterThanOrEqual(first.problems.length);
    expect(new Set(last.cells.map(({ problem }) => problem))).toEqual(new Set(names));
    const files = (await readdir(join(folder, 'out'))).filter((name) => !/^\..*\.tmp$/.test(name));
    for (const name of files.filter((each) => each === 'report.html')) {
      expect((await readFile(join(folder, 'out', name), 'utf8')).trimEnd().endsWith('</html>')).toBe(true);
    }
  });
});

/** Until the GPU's driver is loaded: the command line is read, and work begins. */
async function deviceOf({ child }: Running): Promise<void> {
  await until(async () => (await readFile(`/proc/${child.pid}/maps`, 'utf8')).includes('libvulkan'));
}

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await pause(5);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
