import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { runPart } from '../../bench/gpu/part.js';
import { gpuSummary, type TorchRow } from '../../bench/gpu/summary.js';
import type { SamplingRow } from '../../bench/sampling/row.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-gpu-'));
afterAll(() => rm(folder, { recursive: true }));

const row = (by: string, trajectoriesPerSecond: number, batch = 8): SamplingRow => ({
  ...{
    id: 'wide',
    name: 'wide network',
    solver: 'euler',
    nfe: 10,
    batch,
    by,
    trajectoriesPerSecond,
    flops: 1,
  },
  ...{ repeats: 1, count: 1, ms: [1, 1, 1], cpuMs: [1, 1, 1] },
});
const torchRow = (
  by: TorchRow['by'],
  precision: TorchRow['precision'],
  trajectoriesPerSecond: number,
): TorchRow => ({ id: 'wide', solver: 'euler', batch: 8, by, precision, trajectoriesPerSecond });
const run = { adapter: { name: 'a GPU', driver: '1', software: false }, commit: 'abc' };

test('the summary takes the best of each kind, at the same work alone', () => {
  const rows = [
    row('stepwise', 100),
    row('fused', 600),
    row('fused f16', 900),
    row('tfjs', 50),
    row('solve', 1),
  ];
  const other = [row('stepwise', 100, 16)];
  const torch = [
    torchRow('eager', 'float32', 60),
    torchRow('graph', 'float32', 120),
    torchRow('step', 'float32', 200),
    torchRow('compile', 'float32', 150),
    torchRow('step', 'bf16', 300),
    torchRow('eager', 'tf32', 240),
  ];
  const about = { torch: '9.9', device: 'a GPU' };
  const unchecked = { run, rows: [row('stepwise', 500), row('fused', 900), row('fused f16', 2000)] };
  const summary = gpuSummary({ run, rows: [...rows, ...other] }, { run: about, rows: torch }, unchecked);
  const [, first, second, last] = summary.split('\n').map((line) => line.split(/ {2,}/));
  const factors = ['6.0 x', '12 x', '10 x', '5.0 x', '3.0 x', '2.5 x', '2.0 x', '3.0 x', '1.5 x'];
  expect(first).toEqual(['wide network', 'euler', '8', '600', ...factors]);
  expect(second).toEqual(['wide network', 'euler', '16', '100', '1.0 x']);
  expect(last.join('')).toBe('a GPU (1), hardware; commit abc; PyTorch 9.9 on a GPU');
  expect(gpuSummary({ run, rows })).toContain('no figures of PyTorch');
});

test('a part that fails, hangs or is not there says so, and what it printed is kept', async () => {
  const silent = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const part = (program: string, seconds = 20) =>
    runPart('part', [process.execPath, '-e', program], {
      ...{ log: join(folder, 'part.log'), seconds, env: process.env, cwd: folder },
    });
  try {
    expect((await part('console.log("a line")')).problem).toBeUndefined();
    expect(await readFile(join(folder, 'part.log'), 'utf8')).toBe('a line\n');
    expect((await part('process.exit(3)')).problem).toBe('failed with status 3');
    expect((await part('setInterval(() => {}, 1000)', 1)).problem).toBe('ended after 1 s');
    const options = { log: join(folder, 'none.log'), seconds: 5, env: process.env, cwd: folder };
    expect((await runPart('none', ['no-such-program'], options)).problem).toMatch(/failed to start/);
  } finally {
    silent.mockRestore();
  }
});
