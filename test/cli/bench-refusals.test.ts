import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeNpy } from '../../src/io/npy.js';
import { openDevice } from '../../src/node/adapter.js';
import { flags, inProcess } from './command.js';

vi.mock(import('../../src/node/adapter.js'), async (original) => ({
  ...(await original()),
  openDevice: vi.fn(() => Promise.reject(new Error('a refused run opened a device'))),
}));

const folder = await mkdtemp(join(tmpdir(), 'fewstep-bench-refusals-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  const inputs = {
    file: 'a file, not a folder',
    'points.csv': 'x,y\n0,1\n2,3\n4,5\n',
    'equal.csv': '5,5\n5,5\n',
    'rounded.csv': `${'0.1,0.1\n'.repeat(10)}`,
    'ragged.csv': '0,1\n2\n',
    'images.npy': writeNpy(
      [3, 4, 4],
      new Float32Array(48).map((_, i) => i),
    ),
    'cut.npy': writeNpy([2, 2], new Float32Array(4)).subarray(0, 140),
    'kind.json': '{"kind": "gausian-mixture"}',
    'field.wgsl': 'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> { return x; }',
  };
  for (const [name, content] of Object.entries(inputs)) await writeFile(at(name), content);
  await mkdir(at('results'));
});

type Options = Parameters<typeof flags>[0];

/** `fewstep bench` on a good request, but for these options. */
const benching = (options: Options) => ['bench', ...flags({ out: at('new'), ...options })];
const data = (name: string, options: Options = {}) => benching({ data: at(name), ...options });

// Each: what is wrong, the command line, and what must be said about it, remedy included.
const refusals: [string, string[], ...string[]][] = [
  ['no --out', benching({ out: undefined }), "'--out <folder>' not specified", 'fewstep bench --help'],
  ['--out is a file', benching({ out: at('file') }), 'is a file, not a folder', 'choose another path'],
  ['--out below a file', benching({ out: at('file/deep') }), 'is a file, not a folder', 'another path'],

  ['an unknown suite', benching({ suite: 'quik' }), "'quik' is invalid", 'quick, full'],
  ['an unknown problem', benching({ problem: 'ring,rign' }), "problem 'rign'", "did you mean 'ring'?"],
  ['an unknown solver', benching({ solvers: 'euler,huen' }), "solver 'huen'", "did you mean 'heun'?"],
  ['an unknown option of a solver', benching({ solvers: 'euler:r=1' }), "no option 'r'", 'takes no options'],
  ['an unknown executor', benching({ executor: 'quick' }), "'quick' is invalid", 'auto, stepwise, fused'],
  ['an unknown grid', benching({ grids: 'cosine' }), "unknown grid 'cosine'", 'polynomial, logsnr'],
  [
    'answers of a solver that asks for none',
    benching({ solvers: 'euler:r=learned' }),
    'takes no predictor',
    'amed',
  ],
  [
    'times of a solver that learns answers',
    benching({ solvers: 'amed:times=learned' }),
    "'amed' learns answers, not times",
    'unipc-2',
  ],
  ['times that nobody learns', benching({ solvers: 'euler:times=best' }), 'no times=best', 'times=learned'],
  [
    'a search without answers',
    benching({ solvers: 'euler', grids: 'search' }),
    'euler asks for none',
    'amed:r=best',
  ],
  [
    'too few trajectories to learn from',
    benching({ 'learn-trajectories': 5 }),
    "'5' is invalid",
    'whole number from 128',
  ],
  [
    'trajectories to learn from where nobody learns',
    benching({ solvers: 'euler', 'learn-trajectories': 128 }),
    '--learn-trajectories is given, and no solver of the run learns',
    'amed:r=learned',
  ],
  ['--force alone', benching({ force: true }), '--force is for a predictor', 'leave it out'],
  ['--learn-iterations x', benching({ 'learn-iterations': 'x' }), "'x' is invalid", 'whole number'],
  ['a listed grid', benching({ grids: 'explicit:80,1' }), 'fix the number of steps', 'polynomial:7'],
  ['a bad coefficient', benching({ grids: 'gits:0' }), "coefficient of grid 'gits'", "'gits:1.15'"],
  [
    'more steps than a searched grid has',
    benching({ grids: 'gits', nfe: '5,61', solvers: 'euler' }),
    '61 steps are asked for',
    'lower NFE',
  ],
  ['empty names', benching({ solvers: 'euler,,heun' }), 'names separated by commas'],
  ['an unknown device', benching({ device: 'gpu' }), "'gpu' is invalid", 'auto, hardware'],

  [
    'an NFE that nobody reaches',
    benching({ solvers: 'heun,rk4', nfe: '3,5' }),
    'exactly 3 or 5',
    'add an NFE',
  ],
  ['--nfe 0', benching({ nfe: '0' }), "'0' is invalid", 'whole number from 1 to 4096'],
  ['--nfe 3;4', benching({ nfe: '3;4' }), "'3;4' is invalid", 'whole number'],
  ['--nfe with a gap', benching({ nfe: '3,,4' }), "'3,,4' is invalid", 'whole number'],
  [
    '--seeds 1,a',
    benching({ seeds: '1,a' }),
    "'--seeds <seeds>' argument '1,a'",
    'whole number of 0 or more',
  ],
  ['--batch 1', benching({ batch: 1 }), "'1' is invalid", 'whole number from 2'],
  ['--batch 1e9', benching({ batch: '1e9' }), "'1e9' is invalid", '1048576'],
  ['an odd --exact-nfe', benching({ 'exact-nfe': 17 }), "'17' is invalid", 'even number'],
  ['--sigma-max 0', benching({ 'sigma-max': 0 }), "'0' is invalid", 'number above 0'],
  ['an empty range', benching({ 'sigma-min': 90 }), 'span no range', '0 < sigma_min < sigma_max'],

  ['missing data', data('no.csv'), 'no.csv: there is no such file', 'check the path'],
  ['truncated data', data('cut.npy'), 'cut.npy is truncated', 'copy or write'],
  ['ragged data', data('ragged.csv'), 'ragged.csv, line 2', 'same number of cells'],
  ['an unknown column', data('points.csv', { columns: 'x,z' }), "no column named 'z'", 'named x, y'],
  ['equal data', data('equal.csv'), 'equal.csv: all values are 5', 'give --bandwidth'],
  ['equal data whose mean is rounded', data('rounded.csv'), 'rounded.csv: all values are 0.1'],
  ['equal data, scaled', data('equal.csv', { scale: true }), 'cannot be scaled', 'select columns that vary'],
  ['--bandwidth 0', data('points.csv', { bandwidth: 0 }), 'the bandwidth is 0', 'positive number'],
  ['--bandwidth x', data('points.csv', { bandwidth: 'x' }), "'x' is invalid", 'number of 0 or more'],
  ['--image 8', data('points.csv', { image: '8' }), "'8' is invalid", 'as in 28x28'],
  ['--image 0x2', data('points.csv', { image: '0x2' }), "'0x2' is invalid", 'height x width'],
  ['images of another size', data('images.npy', { image: '3x3' }), '16 columns', '3 x 3'],
  ['--dim with --data', data('points.csv', { dim: 2 }), '--dim says something about --field', 'leave it out'],

  ['--scale alone', benching({ scale: true }), '--scale says something about --data', 'leave it out'],
  ['a field of another size', benching({ field: 'ring', image: '3x3' }), '2 numbers', '3 x 3'],
  ['--image alone', benching({ problem: 'ring', image: '1x2' }), '--image', 'give --data'],
  ['--data and --field', data('points.csv', { field: 'ring' }), '--data and --field', 'one after the other'],
  ['a field twice', benching({ problem: 'ring', field: 'ring' }), "'ring' is asked for twice", 'once'],
  ['a field of an unknown kind', benching({ field: at('kind.json') }), "did you mean 'gaussian-mixture'?"],
  ['a .wgsl without --dim', benching({ field: at('field.wgsl') }), 'dimension of the field', '--dim'],
  ['--scale for a .wgsl', benching({ field: at('field.wgsl'), scale: true }), '--scale does not apply'],
];

describe('a bad benchmark is refused with status 2 before any work, and leaves no file', () => {
  it.each(refusals)('%s', async (_, args, ...expected) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await inProcess(args);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: /m),
    });
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect(openDevice).not.toHaveBeenCalled();
    expect(await readdir(folder)).toEqual(before);
  });
});

it('says how much there is to do where no solvers are chosen, before it opens a device', async () => {
  const announced = async (options: Options) =>
    (await inProcess(benching({ problem: 'ring', nfe: '4,5', ...options }))).stderr.split('\n')[0];
  const [, cells, distillations] =
    /^the quick suite with (\d+) cells and (\d+) distillations on 1 problem; --solvers chooses others or fewer$/.exec(
      await announced({}),
    )!;
  expect(Number(cells)).toBeGreaterThan(40);
  expect(Number(distillations)).toBeGreaterThan(5);
  expect(await announced({ seeds: '0,1' })).toContain(
    `${2 * Number(cells)} cells and ${distillations} distillations`,
  );
  expect(await announced({ solvers: 'euler' })).not.toContain('suite');
});
