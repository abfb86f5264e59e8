import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadArray, saveNpy } from '../../src/node/files.js';
import { build, type Running, said, start } from './command.js';

let folder: string;
beforeAll(build);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fewstep-interrupt-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Minutes of work in float64, with a first sign of progress after two seconds. */
function startLong(): Running {
  const plan = ['--solver', 'euler', '--nfe', '100', '--batch', '1000000', '--executor', 'reference'];
  return start(['sample', '--field', 'ring', ...plan, '--out', 'x.npy'], { cwd: folder });
}

/** How far the command says that it is. */
const PROGRESS = /^\d+ of 1000000 trajectories, \d+ s left$/m;

describe('a run that is stopped in the middle', () => {
  it('ends with status 130 and no file', async () => {
    const stopped = async (signal: 'SIGINT' | 'SIGTERM') => {
      const running = startLong();
      await said(running, PROGRESS);
      running.child.kill(signal);
      const { status, stdout, stderr } = await running.outcome;
      expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^error: stopped by ${signal}\n  no half file is left`, 'm'));
    };
    await Promise.all([stopped('SIGINT'), stopped('SIGTERM')]);
    expect(await readdir(folder)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('ends at once also while the GPU works', async () => {
    // Seconds of work on the quickest device.
    const plan = ['--solver', 'euler', '--nfe', '4096', '--batch', '1000000'];
    const running = start(['sample', '--field', 'mixture-64', ...plan, '--out', 'x.npy'], { cwd: folder });
    const maps = `/proc/${running.child.pid}/maps`;
    while (!(await readFile(maps, 'utf8')).includes('libvulkan')) await pause(20);
    await pause(100);
    running.child.kill('SIGINT');
    const { status, stderr } = await running.outcome;
    expect({ status, stderr }).toEqual({ status: 130, stderr: expect.stringContaining('stopped by SIGINT') });
    expect(await readdir(folder)).toEqual([]);
  });

  it('by a crash leaves no file', async () => {
    const running = startLong();
    await said(running, PROGRESS);
    running.child.kill('SIGKILL');
    await running.outcome;
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a run that is stopped while it writes', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)('by %s leaves the old samples or the new', async (signal) => {
    const old = Float32Array.from([1, 2]);
    await saveNpy(join(folder, 'x.npy'), [1, 2], old);
    const many = ['--solver', 'euler', '--nfe', '1', '--batch', '4000000'];
    const args = ['sample', '--field', 'ring', ...many, '--out', 'x.npy'];
    const running = start(args, { cwd: folder });
    const ended = running.outcome.then(() => true);
    const writing = async () => (await readdir(folder)).some((name) => name.endsWith('.tmp'));
    while (!(await writing()) && !(await Promise.race([ended, pause(2)])));
    running.child.kill(signal);
    await ended;

    const { size } = await stat(join(folder, 'x.npy'));
    expect([old.byteLength + 128, 32_000_128]).toContain(size);
    const { shape } = await loadArray(join(folder, 'x.npy'));
    expect(shape).toEqual(size > 1000 ? [4_000_000, 2] : [1, 2]);
    // A process that is killed cannot clean up; its temporary file is hidden and has another name.
    const left = (await readdir(folder)).filter((name) => name !== 'x.npy');
    expect(left.every((name) => signal === 'SIGKILL' && /^\.x\.npy\..*\.tmp$/.test(name))).toBe(true);
    expect((await readFile(join(folder, 'x.npy'))).subarray(0, 6).toString('latin1')).toBe('\x93NUMPY');
  });
});

function pause(milliseconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));
}
