import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../../src/io/npy.js';
import { build, fewstep, flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-refusals-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const mixture = { kind: 'gaussian-mixture', weights: [1, 1], means: [[0], [1]], stds: [1, 1] };
const inputs: Record<string, string | Uint8Array> = {
  'broken.json': '{\n  "kind": "gaussian-mixture",\n  "weights": [1,, 2]\n}',
  'kindless.json': '{"weights": [1]}',
  'kind.json': '{"kind": "gausian-mixture"}',
  'missing.json': '{"kind": "gaussian-mixture", "weights": [1], "means": [[0]]}',
  'typo.json': JSON.stringify({ ...mixture, sigma: 1 }),
  'text.json': JSON.stringify({ ...mixture, means: [[0], ['a']] }),
  'ragged.json': JSON.stringify({ ...mixture, means: [[0], [1, 2]] }),
  'negative.json': JSON.stringify({ ...mixture, weights: [1, -1] }),
  'dataless.json': '{"kind": "empirical", "data": "nothing.csv"}',
  'reference.json': '{"kind": "custom", "dim": 2, "wgsl": "field.wgsl", "reference": "field.mjs"}',
  'field.mjs': 'export const denoise = () => {};',
  'field.wgsl': 'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> {\n  return y;\n}\n',
  'unnamed.wgsl': 'fn D(x: array<f32, 2>, sigma: f32) -> array<f32, 2> { return x; }',
  'points.csv': 'x,y,name\n0,1,a\n2,3,b\n',
  'large.csv': '0,1\n2,1e39\n',
  'points.npy': writeNpy([2, 2], Float32Array.of(0, 1, 2, 3)),
  'ragged.csv': '0,1\n2\n',
  'nan.csv': '0,1\n2,nan\n',
  'equal.csv': '5,5\n5,5\n',
  'cut.npy': writeNpy([2, 2], new Float32Array(4)).subarray(0, 140),
  'wide.npy': writeNpy([4, 3], new Float32Array(12)),
  'flat.npy': writeNpy([4], new Float32Array(4)),
  'infinite.npy': writeNpy([2, 2], Float32Array.of(0, 1, Infinity, 2)),
  file: 'a file, not a folder',
};

beforeAll(async () => {
  for (const [name, content] of Object.entries(inputs)) await writeFile(at(name), content);
  await mkdir(at('folder.npy'));
  await symlink(at('points.npy'), at('link.npy'));
});

type Options = Parameters<typeof flags>[0];

/** `fewstep sample` on a good request, but for these options. */
const sampling = (options: Options, ...rest: string[]) => [
  'sample',
  ...flags({ field: 'ring', solver: 'euler', nfe: 5, out: at('x.npy'), ...options }),
  ...rest,
];

/** The same with steps of each trajectory's own. */
const stepping = (options: Options) =>
  sampling({ solver: undefined, nfe: undefined, rtol: 1e-2, ...options });

const field = (name: string, options: Options = {}) => sampling({ field: at(name), ...options });

// Each: what is wrong, the command line, and what must be said about it, remedy included.
const refusals: [string, string[], ...string[]][] = [
  ['no command', [], 'Usage: fewstep'],
  ['an unknown command', ['smaple'], "unknown command 'smaple'", 'Did you mean sample?'],
  ['an unknown option', sampling({ sede: 3 }), "unknown option '--sede'", 'Did you mean --seed?'],
  ['an option of no command', ['solvers', '--yaml'], "unknown option '--yaml'", 'fewstep solvers --help'],
  ['a solver by its name elsewhere', sampling({ solver: 'ddim' }), "unknown solver 'ddim'", "mean 'euler'?"],
  ['another', sampling({ solver: 'DPM-Solver++' }), "did you mean 'dpmpp-2m'?", 'known: euler, heun'],
  [
    'networks without a predictor',
    sampling({ solver: 'bespoke-net' }),
    'runs by its predictor alone',
    '`fewstep distill --solver bespoke-net`',
  ],
  [
    'times that nobody learned',
    sampling({ solver: 'unipc-2:times=learned' }),
    'times=learned is for the benchmark alone',
    '`fewstep distill --solver unipc-2`',
    '`fewstep bench --solvers`',
  ],
  ['an extra argument', sampling({}, 'extra'), 'too many arguments', 'fewstep sample --help'],

  ['no --field', sampling({ field: undefined }), 'neither --field nor --generator', 'fewstep sample --help'],
  [
    'no --solver',
    sampling({ solver: undefined }),
    'none of --solver, --predictor and --table is given',
    '--help',
  ],
  ['no --nfe', sampling({ nfe: undefined }), '--nfe is not given', 'fewstep sample --help'],
  ['no --out', sampling({ out: undefined }), "'--out <file>' not specified"],
  ['--nfe without a value', sampling({ nfe: true }), "'--nfe <count>'"],

  ['--nfe abc', sampling({ nfe: 'abc' }), "'--nfe <count>' argument 'abc'", 'whole number from 1 to 4096'],
  ['--nfe 0', sampling({ nfe: 0 }), "'0' is invalid", 'whole number from 1 to 4096'],
  ['--nfe 2.5', sampling({ nfe: 2.5 }), "'2.5' is invalid", 'whole number'],
  ['--nfe -3', sampling({ nfe: -3 }), "'-3' is invalid", 'whole number'],
  ['--nfe with a space', sampling({ nfe: ' ' }), "'--nfe <count>' argument ' '", 'whole number'],
  ['--nfe 5000', sampling({ nfe: 5000 }), "'5000' is invalid", '4096'],
  ['an NFE out of reach', sampling({ solver: 'rk4' }), 'rk4 cannot make exactly 5', '4 or 8'],
  ['--batch 0', sampling({ batch: 0 }), "'--batch <count>' argument '0'", 'whole number of 1 or more'],
  ['--batch 1e12', sampling({ batch: '1e12' }), '--batch 1000000000000 makes', 'give at most 536870912'],
  ['--seed -1', sampling({ seed: -1 }), "'--seed <seed>' argument '-1'", 'whole number of 0 or more'],
  ['--seed beyond 2^53', sampling({ seed: '9007199254740993' }), "'9007199254740993' is invalid"],
  ['--sigma-min 0', sampling({ 'sigma-min': 0 }), "'0' is invalid", 'number above 0'],
  ['--sigma-max Infinity', sampling({ 'sigma-max': 'Infinity' }), "'Infinity' is invalid", 'above 0'],
  ['an empty range', sampling({ 'sigma-min': 90 }), 'span no range', '0 < sigma_min < sigma_max'],
  ['an empty range of steps of its own', stepping({ 'sigma-min': 90 }), 'span no range', '0 < sigma_min'],
  ['an executor of steps of its own', stepping({ executor: 'fused' }), '--executor fused does not go'],
  ['--force of steps of its own', stepping({ force: true }), '--force does not go with a tolerance'],
  ['--force without a predictor', sampling({ force: true }), '--force is for a predictor'],
  [
    'too many steps of its own',
    stepping({ batch: '1e12' }),
    '--batch 1000000000000 makes',
    'give at most 536870912',
  ],
  ['--out over the data', sampling({ field: at('points.npy'), out: at('points.npy') }), '--out and --field'],
  [
    '--out over the data by a link',
    sampling({ field: at('points.npy'), out: at('link.npy') }),
    '--out and --field name the same file',
    'a file of its own',
  ],
  ['an unknown device', sampling({ device: 'gpu' }), "'gpu' is invalid", 'auto, hardware, software'],
  [
    'an unknown executor',
    sampling({ executor: 'quick' }),
    "'quick' is invalid",
    'stepwise, fused, reference',
  ],

  ['an unknown solver', sampling({ solver: 'eular' }), "unknown solver 'eular'", "did you mean 'euler'?"],
  ['an unknown option of a solver', sampling({ solver: 'euler:r=1' }), "no option 'r'", 'takes no options'],
  [
    'an option given twice',
    sampling({ solver: 'dpm-solver-2:r=0.5,r=0.9', nfe: 4 }),
    'has r twice',
    'give it once',
  ],
  [
    'endless corrections',
    sampling({ solver: 'predictor-corrector:corrections=100000', nfe: 4 }),
    'must be 1000 or less',
  ],
  ['a malformed option of a solver', sampling({ solver: 'dpm-solver-2:r' }), "cannot read option 'r'"],
  [
    'a bad option of a solver',
    sampling({ solver: 'dpm-solver-2:r=a', nfe: 4 }),
    "option 'r':",
    'give a value',
  ],
  ['an unknown grid', sampling({ grid: 'cosine' }), "unknown grid 'cosine'", 'polynomial, logsnr'],
  ['a bad rho', sampling({ grid: 'polynomial:x' }), 'rho must be', 'give rho > 0'],
  ['a bad coefficient', sampling({ grid: 'gits:x' }), "coefficient of grid 'gits'", "'gits:1.15'"],
  [
    'more steps than a searched grid has',
    sampling({ grid: 'gits', nfe: 61 }),
    '61 steps are asked for',
    'polynomial:7',
  ],
  [
    'a search without a GPU',
    sampling({ grid: 'gits', executor: 'reference' }),
    'searched on the field with a GPU',
    'sample --grid gits --json',
  ],
  ['rising times', sampling({ grid: 'explicit:1,2' }), 'is not below the one before', 'decreasing'],
  ['too few times', sampling({ grid: 'explicit:80,1,.1' }), '2 steps; 5 are asked for', 'list 6 times'],
  [
    'a range for listed times',
    sampling({ grid: 'explicit:80,1', nfe: 1, 'sigma-max': 10 }),
    '--sigma-max does not apply',
    'leave it out',
  ],

  [
    '--seed with --latents',
    sampling({ seed: 1, latents: 'z.npy' }),
    '--seed with --latents: nothing is drawn',
    'a sampler of the SDE',
  ],
  [
    '--batch with --latents',
    sampling({ batch: 1, latents: 'z.npy' }),
    "'--latents <file>' cannot be used with",
  ],
  ['missing latents', sampling({ latents: at('no.npy') }), 'no such file', 'check the path'],
  ['latents of another width', sampling({ latents: at('wide.npy') }), 'shape [4, 3], expected [B, 2]'],
  ['latents of one axis', sampling({ latents: at('flat.npy') }), 'shape [4], expected [B, 2]'],
  ['infinite latents', sampling({ latents: at('infinite.npy') }), 'row 1, column 0', 'not finite'],
  ['truncated latents', sampling({ latents: at('cut.npy') }), 'cut.npy is truncated', 'copy or write'],

  ['--out is a folder', sampling({ out: at('folder.npy') }), 'is a directory', 'give a file in it'],
  ['--out below a file', sampling({ out: at('file/deep/x.npy') }), 'is a file, not a folder', 'another path'],
  ['--out of another kind', sampling({ out: at('x.csv') }), 'only .npy files', 'ends in .npy'],
  ['--trajectory of another kind', sampling({ trajectory: at('t.npz') }), '--trajectory', 'ends in .npy'],
  ['one file for both', sampling({ trajectory: at('x.npy') }), 'the same file', 'a file of its own'],

  ['an unknown problem', sampling({ field: 'rign' }), "field 'rign'", "did you mean 'ring'?"],
  ['a missing data file', field('no.csv'), 'no.csv: there is no such file', 'check the path'],
  ['text in a data file', field('points.csv'), "line 2, column 2 ('name'): 'a' is not a number", 'select'],
  ['an unknown column', field('points.csv', { columns: 'x,z' }), "no column named 'z'", '0-2 named x, y'],
  ['a ragged data file', field('ragged.csv'), 'ragged.csv, line 2', 'same number of cells'],
  ['NaN in a data file', field('nan.csv'), "nan.csv, line 2, column 1: 'nan' is not finite", 'remove'],
  ['data that cannot be scaled', field('equal.csv', { scale: true }), 'equal.csv: the data cannot be scaled'],
  ['--bandwidth -1', field('equal.csv', { bandwidth: -1 }), "'-1' is invalid", 'number of 0 or more'],
  ['--scale for a problem', sampling({ scale: true }), '--scale does not apply to ring', 'leave it out'],
  ['--dim for a data file', field('equal.csv', { dim: 2 }), '--dim does not apply', '--bandwidth, --scale'],

  ['no JSON', field('broken.json'), 'broken.json: it is no JSON: Unexpected token', 'correct it'],
  ['no kind', field('kindless.json'), "kindless.json: it has no 'kind'", '"gaussian-mixture", "empirical"'],
  ['an unknown kind', field('kind.json'), "'gausian-mixture'", "did you mean 'gaussian-mixture'?"],
  [
    'a missing member',
    field('missing.json'),
    "missing.json: 'stds' is missing",
    'kind, weights, means, stds',
  ],
  ['an unknown member', field('typo.json'), "typo.json: 'sigma' is not known", 'it takes: kind, weights'],
  ['text for a number', field('text.json'), 'text.json: means[1][0] must be a number, not "a"', 'correct it'],
  ['ragged means', field('ragged.json'), 'ragged.json: means[1] has 2 numbers', 'the same length'],
  ['a negative weight', field('negative.json'), 'negative.json: weights[1] is -1', 'positive'],
  ['missing data of a field', field('dataless.json'), 'nothing.csv: there is no such file', 'check the path'],
  ['a module without default', field('reference.json'), 'field.mjs has no function as its default', 'write:'],

  ['numbers beyond float32', field('large.csv'), 'large.csv: row 1, column 1 of the data is 1e+39', '3.4e38'],
  ['a .wgsl without --dim', field('field.wgsl'), 'dimension of the field', '--dim'],
  ['a .wgsl without denoise', field('unnamed.wgsl', { dim: 2 }), "no function 'denoise'", 'write fn denoise'],
  [
    'wrong WGSL',
    field('field.wgsl', { dim: 2 }),
    'field.wgsl: cannot link',
    ':2:10: unresolved',
    "'y'",
    'correct the WGSL',
  ],
  [
    'a reference that is not there',
    field('field.wgsl', { dim: 2, executor: 'reference' }),
    'no float64 form',
    'stepwise',
  ],
];

describe('a bad request is refused with status 2, an error and a remedy, and leaves no file', () => {
  it.each(refusals)('%s', async (_, args, ...expected) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await inProcess(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    if (args.length > 0) expect(stderr).toMatch(/^error: /m);
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('the built command', () => {
  beforeAll(build);

  it('says the same, with the same status', async () => {
    const compared = async (args: string[]) => {
      const built = await fewstep(args);
      const here = await inProcess(args);
      expect({ ...built, stderr: spoken(built.stderr) }).toEqual({ ...here, stderr: spoken(here.stderr) });
      expect(built.status).toBe(2);
    };
    for (const args of [sampling({ nfe: 'abc' }), field('text.json'), field('field.wgsl', { dim: 2 })])
      await compared(args);
  });
});

/** What is said from the first error on; Dawn may have warned before. */
function spoken(stderr: string): string {
  return stderr.slice(stderr.indexOf('error:'));
}
