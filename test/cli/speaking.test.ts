import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showProgress } from '../../src/cli/progress.js';
import { runSteps, type SteppedRun } from '../../src/cli/steps.js';
import { problems } from '../../src/problem/registry.js';
import { amedSolvers } from '../../src/solver/amed.js';
import { sdeSolvers, solvers } from '../../src/solver/registry.js';
import { inProcess } from './command.js';

describe('help', () => {
  it('lists the commands', async () => {
    const { status, stdout } = await inProcess(['--help']);
    expect(status).toBe(0);
    for (const command of [
      'sample',
      'analyze',
      'distill',
      'export',
      'solver',
      'solvers',
      'problems',
      'processes',
      'diffuse',
      'doctor',
    ])
      expect(stdout).toContain(`  ${command} `);
  });

  it.each([
    'sample',
    'analyze',
    'distill',
    'export',
    'diffuse',
    'solver',
    'solvers',
    'problems',
    'processes',
  ])('of %s has examples', async (command) => {
    const { status, stdout } = await inProcess([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nExamples?:\n {2}fewstep /);
    expect(stdout).toContain(`fewstep ${command}`);
  });
});

describe('the lists', () => {
  it('hold every solver of the registry, with what it costs', async () => {
    const { stdout } = await inProcess(['solvers', '--json']);
    const list: { name: string; evaluationsPerStep: number; options: object }[] = JSON.parse(stdout);
    const all = [...solvers, ...sdeSolvers, ...amedSolvers];
    expect(list.map(({ name }) => name)).toEqual([...all.map(({ name }) => name), 'bespoke', 'bespoke-net']);
    const cost = Object.fromEntries(list.map(({ name, evaluationsPerStep }) => [name, evaluationsPerStep]));
    expect(cost).toMatchObject({
      euler: 1,
      heun: 2,
      'dpm-solver-2': 2,
      rk4: 4,
      'ipndm-3': 1,
      'unipc-3': 1,
      amed: 2,
    });
    expect(list.find(({ name }) => name === 'dpm-solver-2')?.options).toEqual({ r: '0.5' });
    const table = (await inProcess(['solvers'])).stdout.trimEnd().split('\n');
    // The header, and a note with a line before it.
    expect(table).toHaveLength(1 + list.length + 2);
    expect(table.at(-1)).toContain('Without one they look at the same r in every step');
    for (const [i, { name, summary }] of all.entries()) {
      expect(table[i + 1].startsWith(`${name} `)).toBe(true);
      expect(table[i + 1].endsWith(summary)).toBe(true);
    }
  });

  it('hold every built-in problem', async () => {
    const list = JSON.parse((await inProcess(['problems', '--json'])).stdout);
    expect(list.map(({ name }: { name: string }) => name)).toEqual(Object.keys(problems));
    expect(list[0]).toMatchObject({ name: 'ring', dim: 2, components: 8, kind: 'points-2d' });
    expect((await inProcess(['problems'])).stdout).toMatch(/^mixture-64 +64 +10 +vector +64-D mixture$/m);
  });
});

describe('progress', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function written(terminal: boolean) {
    const stream = Object.assign(new PassThrough(), { isTTY: terminal, columns: 120 });
    const text: string[] = [];
    stream.on('data', (chunk) => text.push(String(chunk)));
    return { stream, text: () => text.join('') };
  }

  it('is a plain line every two seconds where there is no terminal, with the time left', () => {
    const { stream, text } = written(false);
    const progress = showProgress(100, 'trajectories', stream);
    for (let done = 5; done <= 100; done += 5) {
      vi.advanceTimersByTime(250);
      progress.update(done);
    }
    progress.stop();
    expect(text()).toBe('40 of 100 trajectories, 3 s left\n80 of 100 trajectories, 1 s left\n');
  });

  it('says nothing of what is done at once', () => {
    const { stream, text } = written(false);
    const progress = showProgress(100, 'trajectories', stream);
    progress.update(100);
    progress.stop();
    expect(text()).toBe('');
  });

  it('is a bar on a terminal, which it leaves clean', () => {
    const { stream, text } = written(true);
    const progress = showProgress(100, 'trajectories', stream);
    vi.advanceTimersByTime(1000);
    progress.update(50);
    vi.advanceTimersByTime(1000);
    progress.stop();
    expect(text()).toMatch(/50 %, 50 of 100 trajectories, \S+ left/);
    // Cursor shown again, line cleared.
    expect(text()).toContain('\x1b[?25h');
    expect(text().endsWith('\x1b[2K')).toBe(true);
  });

  it('of a run of steps counts all of them, and what is done before it is shown says nothing of the time', async () => {
    const text: string[] = [];
    const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => text.push(String(chunk)) > 0);
    let step = 0;
    const run: SteppedRun = {
      steps: 1500,
      get step() {
        return step;
      },
      most: 500,
      async advance() {
        vi.advanceTimersByTime(2500);
        step += 500;
        return { count: 500, ms: 2500, note: 'well' };
      },
      async save() {},
      async stop() {
        throw new Error('stopped');
      },
    };
    try {
      await runSteps(run, new AbortController().signal, 1e9);
    } finally {
      spy.mockRestore();
    }
    expect(text.join('')).toBe('1000 of 1500 steps, 3 s left, well\n');
  });
});
