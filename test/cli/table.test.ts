import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { loadArray } from '../../src/node/files.js';
import { savePredictor } from '../../src/node/predictor.js';
import { loadTable, saveTable } from '../../src/node/table.js';
import { predictedRun } from '../../src/predictor/predictor.js';
import { problemByName } from '../../src/problem/registry.js';
import { type PlanRequest, planFor } from '../../src/solver/plan-for.js';
import { tableOf } from '../../src/solver/table.js';
import { randomStoredNetwork, randomTable } from '../predictor/file-fixtures.js';
import { freshSeed } from '../seed.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-table-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const seed = freshSeed();

const field = await fingerprintOf(gaussianMixture(problemByName('ring').mixture));
const learned = randomTable('amed-ipndm:order=3', true, [3, 5], seed);
await savePredictor(at('learned.safetensors'), { predictor: learned, field });
const scales = { scaleDirection: 0.1, scaleTime: 0.2, reads: 'times' as const };
await savePredictor(at('network.safetensors'), {
  predictor: randomStoredNetwork('amed', false, [4], scales, { dim: 2, seed }),
  field,
});
await saveTable(at('unipc.json'), { table: tableOf(planFor({ solver: 'unipc-3', nfe: 6 })) });
const byMean = {
  table: {
    solver: 'by hand',
    sigmaMax: 80,
    sigmaMin: 0.1,
    times: [9],
    rows: [
      [0.1, 0.9],
      [0.001, 0.2, 0.8],
    ],
  },
  mean: [0.5, -0.25],
};
await saveTable(at('mean.json'), byMean);
await saveTable(at('wide.json'), { ...byMean, mean: [1, 2, 3] });
await saveTable(at('meanless.json'), { table: byMean.table });
await writeFile(
  at('binary.json'),
  Uint8Array.from({ length: 300 }, (_, i) => i % 256),
);
await writeFile(at('cut.json'), (await readFile(at('unipc.json'), 'utf8')).slice(0, 300));

async function succeeded(args: string[]) {
  const outcome = await inProcess(args);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  return outcome;
}

type Options = Parameters<typeof flags>[0];
const sampling = (options: Options) => [
  'sample',
  ...flags({ field: 'ring', batch: 50, seed: seed % 1000, out: at('x.npy'), ...options }),
];

async function sampled(options: Options) {
  const { stdout } = await succeeded(sampling({ json: true, ...options }));
  return { report: JSON.parse(stdout), values: Array.from((await loadArray(at('x.npy'))).values) };
}

/** The part of numbers that differ by more than this: rounding decides for a mode hardly ever. */
function moved(a: readonly number[], b: readonly number[], by: number): number {
  expect(a).toHaveLength(b.length);
  return a.filter((value, i) => !(Math.abs(value - b[i]) <= by)).length / a.length;
}

describe('fewstep solver', () => {
  it('prints a table that people can read', async () => {
    const { stdout } = await succeeded([
      'solver',
      'euler',
      ...flags({ nfe: 2, grid: 'explicit:4,2,1', table: true }),
    ]);
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'state   sigma  x_T    D_0    D_1',
      '0        4      1',
      '1        2      0.5    0.5',
      'result   1      0.25   0.25   0.5',
    ]);
  });

  it.each<[string, Omit<PlanRequest, 'solver'> & { grid?: string }]>([
    ['ipndm-3', { nfe: 5 }],
    ['unipc-2:variant=bh1', { nfe: 4, afs: true, grid: 'logsnr', range: { sigmaMin: 0.01, sigmaMax: 40 } }],
    ['amed:r=0.4', { nfe: 6 }],
  ])('writes that of %s as JSON', async (solver, { range, ...asked }) => {
    const { nfe, grid, afs } = asked;
    const expected = tableOf(planFor({ solver, range, ...asked }));
    const options = flags({
      nfe,
      grid,
      afs: afs || undefined,
      'sigma-min': range?.sigmaMin,
      'sigma-max': range?.sigmaMax,
      table: true,
    });
    const { stdout } = await succeeded(['solver', solver, ...options, '--out', at('made.json')]);
    expect(stdout).toBe(`${at('made.json')}: ${expected.solver} at NFE ${expected.times.length}\n`);
    expect((await loadTable(at('made.json'))).table).toEqual(expected);
    const printed = await succeeded(['solver', solver, ...options, '--json']);
    expect(printed.stdout).toBe(await readFile(at('made.json'), 'utf8'));
  });

  it('describes a solver as the list does', async () => {
    const list: { name: string }[] = JSON.parse((await succeeded(['solvers', '--json'])).stdout);
    for (const name of ['dpm-solver-2', 'amed-deis']) {
      const one = JSON.parse((await succeeded(['solver', name, '--json'])).stdout);
      expect(one).toEqual(list.find((each) => each.name === name));
    }
    const { stdout } = await succeeded(['solver', 'dpm-solver-2']);
    expect(stdout).toMatch(
      /^dpm-solver-2: .*\norder 2, 2 evaluations a step\noptions \(defaults\): r=0.5\n$/,
    );
  });
});

describe('fewstep sample --table', () => {
  it('samples as the solver does, on the GPU and in float64', async () => {
    for (const executor of ['stepwise', 'reference']) {
      const solver = await sampled({ solver: 'unipc-3', nfe: 6, executor });
      const table = await sampled({ table: at('unipc.json'), executor });
      expect(moved(table.values, solver.values, executor === 'reference' ? 1e-5 : 1e-2)).toBeLessThan(0.05);
      expect(table.report).toMatchObject({
        solver: 'unipc-3',
        nfe: 6,
        evaluations: 6,
        table: at('unipc.json'),
      });
      expect(table.report).not.toHaveProperty('grid');
      expect(table.report.times).toEqual(solver.report.times);
    }
  });

  it('knows the mean of its file, and keeps trajectories', async () => {
    const gpu = await sampled({ table: at('mean.json'), trajectory: at('t.npy') });
    const reference = await sampled({ table: at('mean.json'), executor: 'reference' });
    expect(moved(gpu.values, reference.values, 1e-2)).toBeLessThan(0.05);
    expect(gpu.report.times).toEqual([80, 9, 0.1]);
    expect((await loadArray(at('t.npy'))).shape).toEqual([3, 50, 2]);
  });
});

describe('fewstep export --form table', () => {
  it('samples as the predictor does', async () => {
    const predictor = at('learned.safetensors');
    const { stdout } = await succeeded([
      'export',
      ...flags({ predictor, nfe: 5, form: 'table', out: at('learned.json') }),
    ]);
    expect(stdout).toBe(`${at('learned.json')}: table of amed-ipndm:order=3 at NFE 5\n`);
    const stored = await loadTable(at('learned.json'));
    expect(stored).toEqual({
      table: tableOf(predictedRun(learned, 5).plan),
      note: 'learned on a gaussian-mixture field of 2 numbers',
    });
    const [table, itself] = [
      await sampled({ table: at('learned.json'), executor: 'reference' }),
      await sampled({ predictor, nfe: 5, executor: 'reference' }),
    ];
    expect(moved(table.values, itself.values, 1e-5)).toBe(0);
  });
});

// Each: what is wrong, the command line, and what must be said about it, remedy included.
const refusals: [string, string[], ...string[]][] = [
  ['no NFE', ['solver', 'euler', '--table'], '--nfe is not given', '--nfe 5'],
  [
    'an option that the solver does not take',
    ['solver', 'dpmpp-2m:lower_order_final=maybe'],
    "option 'lower_order_final'",
    'give a value',
  ],
  ['an unknown option of a solver', ['solver', 'euler:r=1'], "'euler' has no option 'r'"],
  [
    'churn at no time',
    ['solver', 'stochastic-heun:s_min=60,s_max=50'],
    'no time is from s_min 60 to s_max 50',
    'churn=0',
  ],
  ['an NFE without --table', ['solver', 'euler', '--nfe', '5'], '--nfe is for tables', 'add --table'],
  ['--out without --table', ['solver', 'euler', '--out', at('y.json')], '--out is for tables', 'add --table'],
  ['an unknown solver', ['solver', 'eular'], "unknown solver 'eular'", "did you mean 'euler'"],
  [
    'gits',
    ['solver', 'euler', ...flags({ nfe: 3, grid: 'gits', table: true })],
    "grid 'gits' is searched on the field",
  ],
  [
    'a range with listed times',
    ['solver', 'euler', ...flags({ nfe: 1, grid: 'explicit:2,1', 'sigma-min': 1, table: true })],
    '--sigma-min does not apply',
  ],
  [
    'another extension',
    ['solver', 'euler', ...flags({ nfe: 3, table: true, out: at('y.npy') })],
    'only .json files',
    'ends in .json',
  ],
  [
    'a cut table',
    sampling({ table: at('cut.json') }),
    'cut.json: it is no JSON, or a part is missing',
    'write the table again',
  ],
  [
    'no text',
    sampling({ table: at('binary.json') }),
    'binary.json: it is no JSON, but binary data',
    'fewstep solver --table',
  ],
  [
    'no table',
    sampling({ table: at('nothing.json') }),
    'nothing.json: there is no such file',
    'check the path',
  ],
  [
    'a table without its mean',
    sampling({ table: at('meanless.json') }),
    'needs the mean of the data',
    'give the mean',
  ],
  [
    'the mean of another field',
    sampling({ table: at('wide.json') }),
    "constant of 3 numbers; the field's states have 2",
    'use it with the field',
  ],
  [
    'a table and a solver',
    sampling({ table: at('unipc.json'), solver: 'euler' }),
    "'--table <file>' cannot be used with option '--solver <name>'",
  ],
  [
    'a table and an NFE',
    sampling({ table: at('unipc.json'), nfe: 6 }),
    "'--table <file>' cannot be used with option '--nfe <count>'",
  ],
  [
    'nothing to solve with',
    sampling({}),
    'none of --solver, --predictor and --table is given',
    'fewstep sample --help',
  ],
  [
    'a network as a table',
    ['export', ...flags({ predictor: at('network.safetensors'), form: 'table', out: at('y.json') })],
    'a network answers each trajectory differently',
    'export a table',
  ],
  [
    'no NFE of several',
    ['export', ...flags({ predictor: at('learned.safetensors'), form: 'table', out: at('y.json') })],
    'learned for NFE 3, 5',
    'give one of them',
  ],
];

describe('a refusal', () => {
  it.each(refusals)('of %s says why and what to do', async (_, args, ...said) => {
    const { status, stderr } = await inProcess(args);
    expect(status).toBe(2);
    for (const text of said) expect(stderr).toContain(text);
  });
});
