import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import { loadArray } from '../../src/node/files.js';
import { saveModel } from '../../src/node/model.js';
import { parseResults } from '../../src/report/parse-results.js';
import { random } from '../../src/rng/random.js';
import { gpu } from '../device.js';
import { randomParameters, relativeError } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-model-command-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const seed = freshSeed();
const scaling = { offset: 100, scale: 8 };
const config = mlpConfig({ dim: 2, width: 32, layers: 2, classes: 3 });
const field = at('model.safetensors');
await saveModel(field, { config, parameters: randomParameters(config, random(seed)), scaling });

const named = at('named.safetensors');
const labelNames = ['red', 'green', 'blue'];
await saveModel(named, { config, parameters: randomParameters(config, random(seed)), scaling, labelNames });

type Options = Parameters<typeof flags>[0];

const SOLVE = { solver: 'heun', nfe: 8, batch: 10, 'sigma-min': 0.01, 'sigma-max': 10 };

/** Samples in units of which the offset is 0. */
const scaled = (values: Float64Array) => values.map((value) => (value - 100) / 8);

/** Samples of `fewstep sample`, [10, 2]. */
async function sampled(options: Options) {
  const out = at('x.npy');
  const given = { field, out, ...SOLVE, ...options };
  const outcome = await inProcess(['sample', ...flags({ ...given, json: true })]);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  expect(JSON.parse(outcome.stdout).field).toMatchObject({ source: given.field, kind: 'mlp', dim: 2 });
  return (await loadArray(out)).values;
}

describe('fewstep sample --field model.safetensors', () => {
  it.each<Options>([{}, { label: 2 }, { label: 0, guidance: 1.5 }])(
    'with %o agrees with the float64 reference',
    async (options) => {
      const samples = await sampled(options);
      const reference = await sampled({ ...options, executor: 'reference' });
      // As in the tests of the kernels; the offset costs 100 * 2^-24 of 8 besides.
      expect(relativeError(scaled(samples), scaled(reference))).toBeLessThan(1e-4);
    },
  );

  it('takes float16 weights with --precision f16 where the adapter has them, and else says so', async () => {
    const options = { label: 2, precision: 'f16' };
    const reference = await sampled({ ...options, executor: 'reference' });
    expect(reference).not.toEqual(await sampled({ label: 2, executor: 'reference' }));
    if (gpu.features.has('shader-f16')) {
      const samples = await sampled(options);
      expect(relativeError(scaled(samples), scaled(reference))).toBeLessThan(1e-4);
    } else {
      const given = { field, out: at('never.npy'), solver: 'heun', nfe: 8, ...options };
      const { status, stderr } = await inProcess(['sample', ...flags(given)]);
      expect(status).toBe(2);
      expect(stderr).toContain('has no shader-f16');
      expect(stderr).toContain('use precision f32');
    }
  });

  it("samples in the data's units, and another label gives other samples", async () => {
    const [none, one] = [await sampled({}), await sampled({ label: 1 })];
    expect(one).not.toEqual(none);
    const unscaled = at('unscaled.safetensors');
    const plain = { config, parameters: randomParameters(config, random(seed)) };
    await saveModel(unscaled, plain);
    const values = await sampled({ field: unscaled });
    expect(none).toEqual(values.map((value) => Math.fround(value * 8 + 100)));
  });
});

describe('several labels', () => {
  it('are told to trajectories in turn', async () => {
    const alone: Float64Array[] = [];
    for (const label of [0, 1, 2]) alone.push(await sampled({ label }));
    const inTurn = (labels: number[]) =>
      Float64Array.from({ length: 20 }, (_, i) => alone[labels[Math.floor(i / 2) % labels.length]][i]);
    const expected = inTurn([0, 1, 2]);
    expect(new Set(alone.map((values) => values[0])).size).toBe(3);
    const close = (values: Float64Array, exact: Float64Array) =>
      expect(relativeError(scaled(values), scaled(exact))).toBeLessThan(1e-4);
    close(await sampled({ label: 'all' }), expected);
    const asked = { field, out: at('x.npy'), ...SOLVE, label: 'all', json: true as const };
    const { stdout } = await inProcess(['sample', ...flags(asked)]);
    expect(JSON.parse(stdout).field).toMatchObject({ kind: 'mlp', conditions: 3 });
    close(await sampled({ label: 'all', executor: 'reference' }), expected);
    close(await sampled({ field: named, label: 'blue, red' }), inTurn([2, 0]));
    const described = { kind: 'mlp', model: 'named.safetensors', label: ['blue', 0] };
    await writeFile(at('mlp.json'), JSON.stringify(described));
    close(await sampled({ field: at('mlp.json') }), inTurn([2, 0]));
    await writeFile(at('mlp.json'), JSON.stringify({ ...described, label: ['blue', 'blu'] }));
    const wrong = await inProcess([
      'sample',
      ...flags({ field: at('mlp.json'), out: at('x.npy'), ...SOLVE }),
    ]);
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("unknown label 'blu'") });
  });

  it('of what was learned for all of them, one is no other field', { timeout: 120_000 }, async () => {
    const learned = at('learned.safetensors');
    const small = { trajectories: 64, validation: 32, batch: 16, iterations: 2, 'teacher-nfe': 20 };
    const range = { 'sigma-min': 0.01, 'sigma-max': 10 };
    const distilled = await inProcess([
      'distill',
      ...flags({
        field: named,
        label: 'all',
        solver: 'amed-ipndm',
        nfe: 4,
        out: learned,
        ...small,
        ...range,
      }),
    ]);
    expect(distilled, distilled.stderr).toMatchObject({ status: 0 });
    const used = async (options: Options) => {
      const asked = { field: named, predictor: learned, nfe: 4, batch: 8, out: at('x.npy'), ...options };
      const outcome = await inProcess(['sample', ...flags(asked)]);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      return outcome.stderr;
    };
    expect(await used({ label: 'all' })).not.toContain('note');
    expect(await used({ label: 'green' })).not.toContain('note');
    expect(await used({})).toMatch(
      /note: .*learned.safetensors was distilled on an mlp field of 2 numbers under 3 conditions .*, and this is an mlp field/,
    );
    expect(await used({ label: 'green', guidance: 3 })).toContain(
      'was distilled on an mlp field of 2 numbers under 3',
    );
  });
});

it('says what the universal table learned on', { timeout: 60_000 }, async () => {
  const asked = { field, solver: 'bespoke', nfe: 3, batch: 2, out: at('x.npy') };
  for (const options of [{}, { label: 1 }, { label: 'all', guidance: 3 }]) {
    const { stdout, stderr } = await inProcess(['sample', ...flags({ ...asked, ...options })]);
    expect(stderr).toContain('learned on other fields: distil for this one');
    expect(stdout).toMatch(/bespoke \(universal\), which learned on (exact fields.*|networks.*), at NFE 3/);
    // Where the samples of this random network spread far, not every table has room below sigma_max.
    const [, tables, evaluations] =
      /320 trajectories of 32 evaluations(?:; then ([2-6]) universal tables, on 128 trajectories of (\d+))?$/m.exec(
        stdout,
      )!;
    expect(Number(evaluations ?? 0)).toBe(3 * Number(tables ?? 0));
  }
});

it('--label takes the name of a class', async () => {
  expect(await sampled({ field: named, label: 'blue' })).toEqual(await sampled({ label: 2 }));
});

describe('bad requests', () => {
  it.each<[string, Options, ...string[]]>([
    ['a label beyond the classes', { label: 3 }, 'model.safetensors: the label is 3', 'from 0 to 2'],
    ['a label of several', { label: '0,3' }, 'the label is 3', 'from 0 to 2'],
    ['no label between commas', { label: '0,,1' }, 'the label is empty, of a model', 'from 0 to 2'],
    ['--label -1', { label: -1 }, 'model.safetensors: the label is -1', 'from 0 to 2'],
    ['a name that it has not', { field: named, label: 'blu' }, "unknown label 'blu'", "did you mean 'blue'"],
    ['a number where it has names', { field: named, label: 1 }, "unknown label '1'", 'red, green, blue'],
    ['guidance without a label', { guidance: 2 }, 'guidance was given without a label', 'give the label'],
    ['--guidance much', { label: 1, guidance: 'much' }, "'much' is invalid", 'number of 0 or more'],
    ['--precision f8', { precision: 'f8' }, "'f8' is invalid", 'f32, f16'],
    ['--columns of a model', { columns: '0' }, '--columns does not apply', 'it takes --label, --guidance'],
    ['--label of a problem', { field: 'ring', label: 1 }, '--label does not apply to ring', 'leave it out'],
    ['a cut model', { field: at('cut.safetensors') }, 'cut.safetensors is not a usable', 'truncated'],
  ])('%s', async (_, options, ...expected) => {
    await writeFile(at('cut.safetensors'), (await readFile(field)).subarray(0, 1000));
    const given = { field, solver: 'euler', nfe: 4, out: at('never.npy'), ...options };
    const { status, stderr } = await inProcess(['sample', ...flags(given)]);
    expect(status).toBe(2);
    for (const fragment of expected) expect(stderr).toContain(fragment);
  });

  it('--label in a benchmark without a field', async () => {
    const outcome = await inProcess(['bench', ...flags({ out: at('never'), label: 1 })]);
    expect(outcome).toMatchObject({ status: 2 });
    expect(outcome.stderr).toContain('--label says something about --field');
  });
});

it('fewstep bench takes a model', async () => {
  const out = at('bench');
  const small = { solvers: 'euler,heun', nfe: '4', batch: 32, 'exact-nfe': 16 };
  const outcome = await inProcess(['bench', ...flags({ out, field: named, label: 'green', ...small })]);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  const results = parseResults(JSON.parse(await readFile(join(out, 'results.json'), 'utf8')));
  expect(results.problems.map(({ name }) => name)).toEqual(['named.safetensors, label green']);
  expect(results.failures).toEqual([]);
  expect(results.cells).toHaveLength(2);
});
