import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mlpConfig } from '../../src/mlp/config.js';
import { loadArray } from '../../src/node/files.js';
import { saveModel } from '../../src/node/model.js';
import { random } from '../../src/problem/random.js';
import { parseResults } from '../../src/report/parse-results.js';
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

/** Samples of `fewstep sample`, [10, 2]. */
async function sampled(options: Options) {
  const out = at('x.npy');
  const given = { field, out, ...SOLVE, ...options };
  const outcome = await inProcess(['sample', ...flags({ ...given, json: true })]);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  expect(JSON.parse(outcome.stdout).field).toEqual({ source: given.field, kind: 'mlp', dim: 2 });
  return (await loadArray(out)).values;
}

describe('fewstep sample --field model.safetensors', () => {
  it.each<Options>([{}, { label: 2 }, { label: 0, guidance: 1.5 }])(
    'with %o agrees with the float64 reference',
    async (options) => {
      const samples = await sampled(options);
      const reference = await sampled({ ...options, executor: 'reference' });
      const scaled = (values: Float64Array) => values.map((value) => (value - 100) / 8);
      // As in the tests of the kernels; the offset costs 100 * 2^-24 of 8 besides.
      expect(relativeError(scaled(samples), scaled(reference))).toBeLessThan(1e-4);
    },
  );

  it('takes float16 weights with --precision f16 where the adapter has them, and else says so', async () => {
    const options = { label: 2, precision: 'f16' };
    const reference = await sampled({ ...options, executor: 'reference' });
    expect(reference).not.toEqual(await sampled({ label: 2, executor: 'reference' }));
    if (gpu.features.has('shader-f16')) {
      const scaled = (values: Float64Array) => values.map((value) => (value - 100) / 8);
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

it('--label takes the name of a class', async () => {
  expect(await sampled({ field: named, label: 'blue' })).toEqual(await sampled({ label: 2 }));
});

describe('bad requests', () => {
  it.each<[string, Options, ...string[]]>([
    ['a label beyond the classes', { label: 3 }, 'model.safetensors: the label is 3', 'from 0 to 2'],
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
  expect(results.problems.map(({ name }) => name)).toEqual(['named.safetensors']);
  expect(results.failures).toEqual([]);
  expect(results.cells).toHaveLength(2);
});
