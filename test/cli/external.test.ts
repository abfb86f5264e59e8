import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadArray } from '../../src/node/files.js';
import { SLOW } from '../mlp/fixtures.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-external-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const EXAMPLE = 'examples/external_field.mjs';
await writeFile(at('points.csv'), '0.1,0.2\n0.3,-0.4\n');
/** Where the data of the example are, or the other way round. */
const PLUS = [1, 0.5];

type Options = Parameters<typeof flags>[0];
const sampling = (options: Options) => [
  'sample',
  ...flags({ field: EXAMPLE, solver: 'dpmpp-2m', nfe: 12, batch: 64, seed: 5, out: at('x.npy'), ...options }),
];

async function module(name: string, text: string): Promise<string> {
  await writeFile(at(name), text);
  return at(name);
}

/** Distances of samples to the nearer of the two points. */
async function distances(path: string): Promise<number[]> {
  const { values, shape } = await loadArray(path);
  return Array.from({ length: shape[0] }, (_, i) => {
    const [x, y] = [values[2 * i], values[2 * i + 1]];
    return Math.min(...[1, -1].map((sign) => Math.hypot(x - sign * PLUS[0], y - sign * PLUS[1])));
  });
}

describe('a model that a module computes', () => {
  it('is sampled as any field, with noise levels that its process has', async () => {
    const { status, stdout } = await inProcess(sampling({ json: true }));
    expect({ status, report: JSON.parse(stdout) }).toMatchObject({
      status: 0,
      report: {
        field: { source: EXAMPLE, kind: 'external', dim: 2 },
        evaluations: 12,
        executor: 'stepwise',
      },
    });
    expect(Math.max(...(await distances(at('x.npy'))))).toBeLessThan(0.05);
    const beyond = await inProcess(sampling({ 'sigma-max': 200 }));
    expect(beyond).toMatchObject({ status: 2, stderr: expect.stringMatching(/sigma/) });
  });

  it('with conditions is told those of --label', async () => {
    const field = await module(
      'conditions.mjs',
      `const MEANS = [-3, 0, 4];
      export default {
        dim: 1,
        conditions: 3,
        predict: (states, times, { conditions }) => states.map((_, i) => MEANS[conditions[i]]),
      };`,
    );
    const made = async (label: string | undefined) => {
      const { status, stderr } = await inProcess(sampling({ field, label, batch: 5 }));
      expect({ status, stderr }).toMatchObject({ status: 0 });
      return Array.from((await loadArray(at('x.npy'))).values, (value) => Math.round(value) || 0);
    };
    expect(await made(undefined)).toEqual([-3, 0, 4, -3, 0]);
    expect(await made('2')).toEqual([4, 4, 4, 4, 4]);
    expect(await made('2,0')).toEqual([4, -3, 4, -3, 4]);
    const wrong = async (options: Options) =>
      (await inProcess(sampling({ ...options, out: at('no.npy') }))).stderr;
    expect(await wrong({ field, label: '3' })).toMatch(/conditions.mjs: the label is 3.*\n.*from 0 to 2/);
    expect(await wrong({ label: '0' })).toContain('this model takes no labels');
  });

  it(
    'has solvers of its own',
    async () => {
      const out = at('p.safetensors');
      const learning = {
        trajectories: 256,
        validation: 128,
        iterations: 40,
        candidates: 2,
        'candidate-iterations': 5,
      };
      const given = { field: EXAMPLE, solver: 'bespoke', nfe: 3, out, 'teacher-nfe': 40, ...learning };
      expect(await inProcess(['distill', ...flags(given)])).toMatchObject({ status: 0 });
      await inProcess(sampling({ solver: undefined, predictor: out, nfe: 3, out: at('learned.npy') }));
      await inProcess(sampling({ nfe: 3, out: at('plain.npy') }));
      const mean = async (name: string) =>
        (await distances(at(name))).reduce((sum, each) => sum + each / 64, 0);
      expect(await mean('learned.npy')).toBeLessThan((await mean('plain.npy')) / 2);
    },
    SLOW,
  );

  it('may be made by a function, and returned later', async () => {
    const path = await module(
      'later.mjs',
      'export default async () => ({ dim: 1, predict: async (states) => [...states].map(() => 0.25) });',
    );
    const { status } = await inProcess(sampling({ field: path, out: at('later.npy') }));
    expect(status).toBe(0);
    for (const value of (await loadArray(at('later.npy'))).values) expect(value).toBeCloseTo(0.25, 1);
  });
});

describe('ends with status 2, a reason and no file for', () => {
  it.each([
    ['a module without a default export', 'export const dim = 2;', 'no object as its default export'],
    ['a module that throws', 'throw new Error("no weights");', 'no weights'],
    ['a function that throws', 'export default () => { throw new Error("no session"); };', 'no session'],
    ['what is no function', 'export default { dim: 2, predict: 1 };', 'number for predict'],
    ['a dimension that is none', 'export default { dim: "2", predict: (x) => x };', 'dim 2'],
    [
      'another process',
      'export default { dim: 2, process: "vp-liner", predict: (x) => x };',
      "did you mean 'vp-linear'",
    ],
    ['another prediction', 'export default { dim: 2, prediction: "epsilon", predict: (x) => x };', 'eps'],
    ['a prediction of another shape', 'export default { dim: 2, predict: () => [1] };', 'returned 1 numbers'],
    ['a model that fails', 'export default { dim: 2, predict() { throw new Error("lost"); } };', 'lost'],
  ])('%s', async (name, text, message) => {
    const path = await module(`${name.replaceAll(' ', '-')}.mjs`, text);
    const before = await readdir(folder);
    const { status, stderr } = await inProcess(sampling({ field: path, out: at('none.npy') }));
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(await readdir(folder)).toEqual(before);
  });

  it.each([
    ['likelihoods', ['likelihood', ...flags({ field: EXAMPLE, data: at('points.csv'), out: at('l.npy') })]],
    ['steps of its own', sampling({ solver: undefined, nfe: undefined, rtol: '1e-4' })],
    [
      'a network of AMED',
      [
        'distill',
        ...flags({ field: EXAMPLE, solver: 'amed', nfe: 4, kind: 'network', out: at('n.safetensors') }),
      ],
    ],
    ['an option of others', sampling({ dim: 2 })],
  ])('%s', async (_, args) => {
    const { status, stderr } = await inProcess(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: .*(go on by itself|gradient|--dim does not apply)/m);
  });
});
