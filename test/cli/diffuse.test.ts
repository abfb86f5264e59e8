import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, test } from 'vitest';
import { parseNpy, writeNpy } from '../../src/io/npy.js';
import { parseProcess, processes } from '../../src/process/built-in.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-diffuse-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
await writeFile(at('points.csv'), 'x,y,z\n0,1,2\n2,3,4\n4,5,6\n');
await writeFile(at('nan.csv'), '0,1\n2,nan\n');
await writeFile(at('image.npy'), writeNpy([2, 2, 2], new Float32Array(8)));
await writeFile(
  at('own.mjs'),
  'export const alphaBar = () => 1, betaBar = (t) => t * t, range = { min: 0, max: 9 };',
);

type Options = Parameters<typeof flags>[0];
const diffusing = (options: Options) => [
  'diffuse',
  ...flags({ data: at('points.csv'), process: 'vp-linear', times: '.1,.5,.9', out: at('x.npy'), ...options }),
];
const made = async (options: Options) => {
  const { status, stderr } = await inProcess(diffusing(options));
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const { shape, values } = parseNpy(await readFile(at('x.npy')), 'x.npy');
  return { shape, values };
};

test('writes [times, rows, columns], by times or by noise-to-signal ratios', async () => {
  const { shape, values } = await made({});
  expect(shape).toEqual([3, 3, 3]);
  const { sigma } = parseProcess('vp-linear');
  const again = await made({ times: undefined, sigmas: [0.1, 0.5, 0.9].map(sigma).join(',') });
  for (const [i, value] of again.values.entries()) expect(value).toBeCloseTo(values[i], 5);
  expect((await made({ columns: 'x,z' })).shape).toEqual([3, 3, 2]);
  const near = await made({ times: undefined, sigmas: '1e-4', scale: true });
  expect(Math.abs(near.values[8] - 1)).toBeLessThan(0.01);
});

test("takes a problem, and a process of one's own", async () => {
  const options = { data: 'two-moons', rows: 50, process: at('own.mjs'), times: '3' };
  const { shape, values } = await made(options);
  expect(shape).toEqual([1, 50, 2]);
  expect((await made({ ...options, rows: 20 })).values).toEqual(values.subarray(0, 40));
  const { stdout } = await inProcess([...diffusing(options), '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    shape: [1, 50, 2],
    process: 'own',
    times: [{ time: 3, sigma: 9, alphaBar: 1, betaBar: 9 }],
    adapter: { name: expect.any(String) },
  });
});

const refusals: [string, Options, ...string[]][] = [
  ['a time outside', { times: '.5,2' }, "time 2 is outside the process 'vp-linear'", 'times from 0 to 1'],
  [
    'a sigma outside',
    { times: undefined, sigmas: '500' },
    'no time at which sigma is 500',
    'give sigma from 0',
  ],
  ['neither', { times: undefined }, 'neither --times nor --sigmas', 'times from 0 to 1'],
  ['both', { sigmas: '1' }, "'--sigmas <sigmas>' cannot be used with option '--times <times>'"],
  ['times that are none', { times: '.1,,.2' }, "'.1,,.2' is invalid", 'as in .1,.5,.9'],
  ['an unknown process', { process: 'vp-liner' }, "'vp-liner'", "did you mean 'vp-linear'?"],
  ['an unknown option', { process: 'flow:stop=1' }, "no option 'stop'", 'it takes: end'],
  ['no data', { data: at('none.csv') }, 'none.csv: there is no such file', 'check the path'],
  ['NaN', { data: at('nan.csv') }, "nan.csv, line 2, column 1: 'nan' is not finite", 'remove'],
  ['rows of a file', { rows: 5 }, '--rows does not apply to a data file', 'leave it out'],
  ['columns of a problem', { data: 'ring', columns: '0' }, '--columns does not apply to a problem'],
  [
    'too many rows',
    { data: 'ring', rows: '1e12' },
    '--rows 1000000000000 makes',
    'give at most',
    'another --seed',
  ],
  ['another kind of file', { out: at('x.csv') }, 'only .npy files are written'],
  [
    'its own data',
    { data: at('image.npy'), out: at('image.npy') },
    '--out and --data name the same file',
    'its own',
  ],
];

it.each(refusals)('refuses %s', async (_, options, ...expected) => {
  await rm(at('x.npy'), { force: true });
  const before = await readdir(folder);
  const { status, stderr } = await inProcess(diffusing(options));
  expect(status).toBe(2);
  for (const fragment of expected) expect(stderr).toContain(fragment);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(await readdir(folder)).toEqual(before);
});

test('the processes are listed, with formulas that say what they are', async () => {
  const { stdout } = await inProcess(['processes', '--json']);
  const list: { name: string; alphaBar: string; betaBar: string; options: Record<string, number> }[] =
    JSON.parse(stdout);
  expect(list.map(({ name }) => name)).toEqual(processes.map(({ name }) => name));
  for (const { name, alphaBar, betaBar, options } of list) {
    const { range, ...process } = parseProcess(name);
    const names = { pi: Math.PI, sqrt: Math.sqrt, exp: Math.exp, cos: Math.cos, ...options };
    const evaluate = (formula: string, known: Record<string, unknown>) => {
      const [value, where] = formula.split(', w = ');
      const w = where === undefined ? undefined : evaluate(where, known);
      const written = value.replaceAll('alpha-bar', 'alpha').replaceAll('^', '**');
      const all: Record<string, unknown> = { ...known, w };
      return new Function(...Object.keys(all), `return ${written}`)(...Object.values(all)) as number;
    };
    for (const share of [0.1, 0.5, 0.9]) {
      const t = range.min + share * (range.max - range.min);
      const alpha = evaluate(alphaBar, { ...names, t });
      expect(alpha, alphaBar).toBeCloseTo(process.alphaBar(t), 12);
      expect(evaluate(betaBar, { ...names, t, alpha }), betaBar).toBeCloseTo(process.betaBar(t), 12);
    }
  }
  const table = (await inProcess(['processes'])).stdout.trimEnd().split('\n');
  expect(table).toHaveLength(1 + list.length);
  expect(table[1]).toMatch(/^ve +1 +t +0 to 1000 /);
});

test('a grid in the time of a process is one to sample on', async () => {
  const options = { field: 'ring', solver: 'euler', nfe: 4, out: at('s.npy') };
  const sampled = (grid: string) => inProcess(['sample', ...flags({ ...options, grid }), '--json']);
  const { stdout } = await sampled('process_time:flow');
  const { grid, times } = JSON.parse(stdout);
  expect(grid).toBe('process_time:flow');
  // t = sigma / (1 + sigma), a quarter of the way.
  const t = 80 / 81 + (0.002 / 1.002 - 80 / 81) / 4;
  expect(times[1]).toBeCloseTo(t / (1 - t), 9);
  expect(await sampled('process_time:vp-exq')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("'vp-exp'"),
  });
});
