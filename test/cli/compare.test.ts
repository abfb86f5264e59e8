import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resultsWith } from '../report/results.js';
import { inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-compare-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
// A failed comparison sets it for this process too.
afterEach(() => {
  process.exitCode = undefined;
});

beforeAll(async () => {
  const a = resultsWith({ euler: { 4: [0.4], 5: [0.3] } });
  const worse = resultsWith({ euler: { 4: [0.44], 5: [0.3] } });
  worse.run.adapter.name = 'another adapter';
  const diverged = resultsWith({ euler: { 5: [0.3] } });
  const { problem, solver, grid, afs, nfe, seed } = a.cells[0];
  diverged.failures.push({ problem, solver, grid, afs, nfe, seed, message: 'NaN' });
  const files = {
    'a.json': a,
    'worse.json': worse,
    'diverged.json': diverged,
    'none.json': resultsWith({ heun: { 4: [1] } }),
    'old.json': { ...a, schema: 'fewstep-results/0' },
    'foreign.json': { name: 'fewstep' },
    'damaged.json': { ...a, cells: [{ ...a.cells[0], nfe: 'four' }] },
  };
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), JSON.stringify(content));
  await writeFile(at('cut.json'), JSON.stringify(a).slice(0, 100));
});

describe('compare', () => {
  it('prints pairs, ratios and what makes them doubtful', async () => {
    const { status, stdout, stderr } = await inProcess(['compare', at('a.json'), at('worse.json')]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^warning: adapters differ: llvmpipe .* and another adapter; throughput cannot/);
    expect(stdout).toContain('2 cells in both runs, 0 only in a, 0 only in b\n');
    expect(stdout).toMatch(/mean error 1\.0488,/); // the root of 1.1
    expect(stdout).toContain(
      '  1.100  case, euler, polynomial:7, no AFS, NFE 4, seed 0\n  1.000  case, euler',
    );
  });

  it('takes folders of runs, and names the file that one lacks', async () => {
    await mkdir(at('run'), { recursive: true });
    await copyFile(at('worse.json'), at('run/results.json'));
    const { stdout } = await inProcess(['compare', at('a.json'), at('run')]);
    expect(stdout).toContain('2 cells in both runs');
    await mkdir(at('empty'), { recursive: true });
    expect(await inProcess(['compare', at('empty'), at('run')])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${at('empty/results.json')}: there is no such file`),
    });
  });

  it('fails above a bound, and only above', async () => {
    const bounded = (file: string, bound: string) =>
      inProcess(['compare', at('a.json'), at(file), '--fail-above', bound]);
    const failed = await bounded('worse.json', '1.05');
    expect(failed.status).toBe(1);
    expect(failed.stdout).toMatch(/1 cell above the bound:\n {2}1\.100 {2}case, euler, .* NFE 4/);
    process.exitCode = undefined;
    expect((await bounded('worse.json', '1.2')).status).toBe(0);
  });

  it('fails where a cell diverged, if there is a bound', async () => {
    const files = [at('a.json'), at('diverged.json')];
    const lenient = await inProcess(['compare', ...files]);
    expect(lenient).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('diverged in b alone:\n  case'),
    });
    const strict = await inProcess(['compare', ...files, '--fail-above', '1.5', '--json']);
    expect(strict.status).toBe(1);
    const comparison = JSON.parse(strict.stdout);
    expect(comparison).toMatchObject({ onlyA: 1, onlyB: 0, warnings: [] });
    expect(comparison.pairs).toHaveLength(1);
    expect(comparison.worse).toEqual(['diverged  case, euler, polynomial:7, no AFS, NFE 4, seed 0']);
  });

  it.each([
    ['missing', ['a.json', 'no.json'], 'no such file', 'check the path'],
    ['no JSON', ['a.json', 'cut.json'], 'cut.json is not JSON', 'give the results.json of a run'],
    ['foreign', ['foreign.json', 'a.json'], 'foreign.json is not a results file', "of 'fewstep bench'"],
    ['of another version', ['old.json', 'a.json'], "'fewstep-results/0'", 'run the benchmark again'],
    ['damaged', ['a.json', 'damaged.json'], 'damaged.json: cells.0.nfe', 'run the benchmark again'],
    ['unrelated', ['a.json', 'none.json'], 'have no cell in common', 'the same problems, solvers'],
  ])('refuses a file that is %s', async (_, files, ...expected) => {
    const { status, stdout, stderr } = await inProcess(['compare', ...files.map(at)]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const fragment of expected) expect(stderr).toContain(fragment);
  });

  it.each([
    ['one file', ['a.json'], "missing required argument 'b'"],
    ['three files', ['a.json', 'b.json', 'c.json'], 'too many arguments'],
    ['no bound', ['a.json', 'b.json', '--fail-above', 'x'], "'x' is invalid"],
    ['a bound of zero', ['a.json', 'b.json', '--fail-above', '0'], 'number above 0'],
  ])('refuses %s', async (_, args, expected) => {
    const { status, stderr } = await inProcess(['compare', ...args]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(expected) });
  });
});
