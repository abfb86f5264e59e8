import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { parseSafetensors, writeSafetensors } from '../../src/io/safetensors.js';
import { loadField } from '../../src/node/field/load.js';
import { loadArray, saveNpy } from '../../src/node/files.js';
import { savePredictor } from '../../src/node/predictor.js';
import type { FeatureSource } from '../../src/predictor/network-config.js';
import type { DistillationInfo } from '../../src/predictor/predictor-file.js';
import type { ExportedSchedules } from '../../src/predictor/schedule-export.js';
import { problemByName } from '../../src/problem/registry.js';
import { randomStoredNetwork, randomTable } from '../predictor/file-fixtures.js';
import { freshSeed } from '../seed.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-predictor-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const seed = freshSeed();

const { mixture } = problemByName('two-moons');
const exact = gaussianMixture(mixture);
const field = await fingerprintOf(exact);
const scales = { scaleDirection: 0.1, scaleTime: 0.2 };
const networkOf = (reads: FeatureSource) =>
  randomStoredNetwork('amed-ipndm:order=2', true, [5], { ...scales, reads }, { dim: 2, seed });

await savePredictor(at('table.safetensors'), {
  predictor: randomTable('amed-deis', true, [3, 5], seed),
  field,
});
await savePredictor(at('one.safetensors'), { predictor: randomTable('amed', false, [6], seed), field });
for (const reads of ['times', 'state', 'hidden'] as const)
  await savePredictor(at(`${reads}.safetensors`), { predictor: networkOf(reads), field });
const broken = parseSafetensors(await readFile(at('table.safetensors')), 'table');
await writeFile(
  at('future.safetensors'),
  writeSafetensors({ ...broken, metadata: { ...broken.metadata, format: 'fewstep-predictor-2' } }),
);
const nan = await readFile(at('one.safetensors'));
nan.writeDoubleLE(Number.NaN, 8 + Number(nan.readBigUInt64LE(0)) + 16);
await writeFile(at('nan.safetensors'), nan);

const training: DistillationInfo = {
  ...{ recipe: 'published', field: 'two-moons', adapter: 'none' },
  ...{ trajectories: 1, validation: 1, batch: 1, iterations: 0, seed: 0 },
  teacher: { solver: 'unipc-3', nfe: 100, grid: 'polynomial:7', evaluations: 100 },
  seconds: { teacher: 0, search: 0, training: 0 },
  scores: [],
};

type Options = Parameters<typeof flags>[0];
const sampling = (options: Options) => [
  'sample',
  ...flags({ field: 'two-moons', batch: 40, seed: seed % 1000, out: at('x.npy'), ...options }),
];

async function sampled(options: Options) {
  const outcome = await inProcess(sampling({ json: true, ...options }));
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  const notes = outcome.stderr.split('\n').filter((line) => line.startsWith('note:'));
  return { report: JSON.parse(outcome.stdout), values: (await loadArray(at('x.npy'))).values, notes };
}

/** The part of trajectories that float32 moved by more than this: r decides for a mode, rounding hardly ever. */
function moved(a: ArrayLike<number>, b: ArrayLike<number>, by: number): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).filter((value, i) => !(Math.abs(value - b[i]) <= by)).length / a.length;
}

describe('fewstep sample --predictor', () => {
  it.each<[string, Options, number, number]>([
    ['a table', { predictor: at('table.safetensors'), nfe: 5 }, 5, 3],
    ['a table of one NFE', { predictor: at('one.safetensors') }, 6, 3],
    ['a network of the state', { predictor: at('state.safetensors'), nfe: 5 }, 5, 3],
    ['a network of the times', { predictor: at('times.safetensors') }, 5, 3],
  ])('takes %s, on the GPU and in float64', async (_, options, nfe, steps) => {
    const [stepwise, reference] = [
      await sampled(options),
      await sampled({ ...options, executor: 'reference' }),
    ];
    expect(moved(stepwise.values, reference.values, 1e-2)).toBeLessThan(0.05);
    for (const { report, notes } of [stepwise, reference]) {
      expect(notes).toEqual([]);
      expect(report).toMatchObject({ nfe, evaluations: nfe, grid: 'logsnr', afs: nfe % 2 === 1 });
      expect(report.predictor).toMatchObject({ file: options!.predictor });
      expect(report.predictor.steps).toHaveLength(steps);
      for (const { r, direction, time } of report.predictor.steps) {
        for (const { mean, p5, p95 } of [r, direction, time]) {
          expect(p5).toBeLessThanOrEqual(mean + 1e-6);
          expect(p95).toBeGreaterThanOrEqual(mean - 1e-6);
        }
        expect(r.mean).toBeGreaterThan(0);
        expect(r.mean).toBeLessThan(1);
      }
    }
    const means = ({ report }: typeof stepwise) =>
      report.predictor.steps.map(({ r }: { r: { mean: number } }) => r.mean);
    for (const [n, mean] of means(stepwise).entries())
      expect(Math.abs(mean - means(reference)[n])).toBeLessThan(1e-3);
  });

  it('spreads r over trajectories where a network reads the state, and only there', async () => {
    const spread = async (name: string) => {
      const { report } = await sampled({ predictor: at(`${name}.safetensors`), nfe: 5 });
      const { r } = report.predictor.steps[2];
      return r.p95 - r.p5;
    };
    expect(await spread('state')).toBeGreaterThan(1e-5);
    expect(await spread('times')).toBe(0);
    expect(await spread('table')).toBe(0);
  });

  it('writes the states at its times', async () => {
    const trajectory = at('t.npy');
    const { report, values } = await sampled({ predictor: at('one.safetensors'), trajectory });
    const states = await loadArray(trajectory);
    expect(states.shape).toEqual([report.times.length, 40, 2]);
    expect(states.values.slice(-80)).toEqual(values);
  });

  it('warns where a table was distilled on another field, of other numbers too', async () => {
    const predictor = at('table.safetensors');
    const ring = await sampled({ field: 'ring', predictor, nfe: 3 });
    expect(ring.notes).toEqual([
      expect.stringMatching(/distilled on another gaussian-mixture field of 2.*transfers/),
    ]);
    const large = await sampled({ field: 'mixture-64', predictor, nfe: 3, batch: 4 });
    expect(large.notes).toEqual([expect.stringMatching(/field of 2 numbers, and this is .* of 64 numbers/)]);
  });

  it('takes a network to another field with --force alone, where it can read that', async () => {
    const [times, state] = [at('times.safetensors'), at('state.safetensors')];
    const forced = await sampled({ field: 'ring', predictor: state, force: true });
    expect(forced.notes).toEqual([expect.stringContaining('what its network answers here is a guess')]);
    await sampled({ field: 'mixture-64', predictor: times, force: true, batch: 4 });
  });

  it('knows a field that has no float64 form by its values on the GPU', async () => {
    const wgsl = 'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> { let s = sigma * sigma; ';
    await writeFile(at('a.wgsl'), `${wgsl} return array<f32, 2>(x[0] / (1.0 + s), x[1] / (1.0 + s)); }`);
    await writeFile(at('b.wgsl'), `${wgsl} return array<f32, 2>(x[0] / (1.0 + s), x[1] / (2.0 + s)); }`);
    // The same field, in closed form.
    const normal = gaussianMixture({ weights: [1], means: [[0, 0]], stds: [1] });
    const stored = { predictor: networkOf('times'), field: await fingerprintOf(normal) };
    await savePredictor(at('normal.safetensors'), stored);
    const options = { dim: 2, predictor: at('normal.safetensors') };
    expect((await sampled({ field: at('a.wgsl'), ...options })).notes).toEqual([]);
    const { status, stderr } = await inProcess(sampling({ field: at('b.wgsl'), ...options }));
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(
        `was distilled on a gaussian-mixture field of 2 numbers, and this is a custom field of 2 numbers (${at('b.wgsl')} --dim 2)\n`,
      ),
    });
  });

  it('says what differs from the field that it was distilled on, as far as it is known', async () => {
    const model = join(import.meta.dirname, '../../models/two-moons.safetensors');
    await writeFile(at('points.csv'), '0,1\n1,0\n1,2\n');
    const taught = async (words: string | undefined, field: Field) => {
      const predictor = networkOf('times');
      await savePredictor(at('taught.safetensors'), {
        predictor,
        field: await fingerprintOf(field),
        ...(words !== undefined && { training: { ...training, field: words } }),
      });
      return at('taught.safetensors');
    };
    const ring = gaussianMixture(problemByName('ring').mixture);
    const said = async (options: Options) => {
      const { status, stderr } = await inProcess(sampling(options));
      expect(status).toBe(2);
      return stderr.split('\n')[0];
    };
    const points = await loadField(at('points.csv'), { bandwidth: 0.5 });
    const given = { field: at('points.csv'), bandwidth: 0.1 };
    expect(await said({ predictor: await taught('ring', ring), field: model })).toContain(
      `was distilled on a gaussian-mixture field of 2 numbers (ring), and this is an mlp field of 2 numbers (${model})`,
    );
    const other = `points.csv --bandwidth 0.5`;
    expect(await said({ predictor: await taught(other, points), ...given })).toContain(
      `another empirical field of 2 numbers than this one: on ${other}, and this is ${at('points.csv')} --bandwidth 0.1`,
    );
    const same = `${at('points.csv')} --bandwidth 0.1`;
    expect(await said({ predictor: await taught(same, points), ...given })).toContain(
      `than this one, though both are called ${same}`,
    );
    expect(await said({ predictor: await taught(undefined, points), ...given })).toMatch(/than this one$/);
  });

  it('is not needed by an AMED solver, which then says so', async () => {
    const { notes } = await sampled({ solver: 'amed:r=0.4', nfe: 4 });
    expect(notes).toEqual([
      expect.stringMatching(/amed without --predictor looks at r = 0.4 .*nothing was learned/),
    ]);
    expect((await sampled({ solver: 'euler', nfe: 4 })).notes).toEqual([]);
  });
});

const table = at('table.safetensors');
const refusals: [string, Options, ...string[]][] = [
  [
    'a missing file',
    { predictor: at('no.safetensors') },
    'no.safetensors: there is no such file',
    'check the path',
  ],
  ['a later format', { predictor: at('future.safetensors') }, "'fewstep-predictor-2'", 'update fewstep'],
  [
    'NaN answers',
    { predictor: at('nan.safetensors') },
    "nan.safetensors: tensor 'answers.6' is NaN at [0, 2]",
  ],
  ['no NFE of several', { predictor: table }, 'learned for NFE 3, 5, and none is chosen', 'one of them'],
  ['an NFE that it did not learn for', { predictor: table, nfe: 4 }, 'learned nothing for NFE 4', '3, 5'],
  ['--solver besides', { predictor: table, nfe: 3, solver: 'amed' }, "cannot be used with option '--solver"],
  ['--grid besides', { predictor: table, nfe: 3, grid: 'logsnr' }, "cannot be used with option '--grid"],
  ['--afs besides', { predictor: table, nfe: 3, afs: true }, "cannot be used with option '--afs"],
  ['--sigma-max besides', { predictor: table, nfe: 3, 'sigma-max': 80 }, "with option '--sigma-max"],
  [
    'a network on another field',
    { predictor: at('state.safetensors'), field: 'ring' },
    'state.safetensors was distilled on another gaussian-mixture field',
    'give --force',
  ],
  [
    'a network of the state on another dimension',
    { predictor: at('state.safetensors'), field: 'mixture-64', force: true },
    'its network cannot read this one',
    'distil again',
  ],
  [
    'a network of hidden features on a field that has none',
    { predictor: at('hidden.safetensors') },
    'reads hidden features, and a gaussian-mixture field has none',
    'use the field that it was trained on',
  ],
];

describe('a bad request is refused with status 2 and leaves no file', () => {
  it.each(refusals)('%s', async (_, options, ...expected) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await inProcess(sampling({ out: at('never.npy'), ...options }));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect(await readdir(folder)).toEqual(before);
  });

  it.each<[string, Options, string]>([
    ['a network', { predictor: at('state.safetensors') }, 'answers each trajectory differently'],
    ['an NFE that it did not learn for', { predictor: table, nfe: 4 }, 'learned nothing for NFE 4'],
    ['another kind of file', { predictor: table, out: at('s.yaml') }, 'only .json files'],
  ])('fewstep export of %s', async (_, options, expected) => {
    const args = ['export', ...flags({ out: at('s.json'), ...options })];
    const { status, stdout, stderr } = await inProcess(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(expected);
    expect(await readdir(folder)).not.toContain('s.json');
  });
});

/** What another library would write after the conventions of the file: `amed` and `amed-euler`, of one trajectory. */
function solved({ name, afs, schedules: [schedule] }: ExportedSchedules, start: Float64Array): Float64Array {
  let evaluation = 0;
  const velocity = (x: Float64Array) => {
    const { sigma, divisor } = schedule.evaluations[evaluation++];
    const denoised = new Float64Array(x.length);
    exact.denoise!(x, sigma, denoised);
    return x.map((value, d) => (value - denoised[d]) / divisor);
  };
  const moved = (x: Float64Array, h: number, v: Float64Array) => x.map((value, d) => value + h * v[d]);
  let x = start;
  for (const [n, { from, middle, to, direction }] of schedule.steps!.entries()) {
    const first = n === 0 && afs ? x.map((value) => value / Math.sqrt(1 + from * from)) : velocity(x);
    const between = moved(x, middle - from, first);
    const second = velocity(between);
    x =
      name === 'amed'
        ? moved(x, direction * (to - from), second)
        : moved(between, direction * (to - middle), second);
  }
  expect(evaluation).toBe(schedule.nfe);
  return x;
}

describe('fewstep export', () => {
  it.each(['amed', 'amed-euler'])('of %s is all that it takes to sample', async (name) => {
    for (const afs of [false, true]) {
      const nfe = afs ? 5 : 6;
      const file = at('exported.safetensors');
      await savePredictor(file, { predictor: randomTable(name, afs, [nfe, nfe + 2], seed), field });
      const out = at('schedule.json');
      const outcome = await inProcess(['export', ...flags({ predictor: file, nfe, out })]);
      expect(outcome).toMatchObject({ status: 0, stdout: `${out}: ${name} at NFE ${nfe}\n` });
      const exported: ExportedSchedules = JSON.parse(await readFile(out, 'utf8'));
      expect(exported).toMatchObject({ schema: 'fewstep-schedule-1', solver: name, name, options: {}, afs });
      expect(exported.schedules.map((schedule) => schedule.nfe)).toEqual([nfe]);
      const latents = Float64Array.from([30, -50, 4, 70, -66, -20]);
      await saveNpy(at('z.npy'), [3, 2], latents);
      const given = { predictor: file, nfe, latents: at('z.npy'), batch: undefined, seed: undefined };
      const { values } = await sampled({ ...given, executor: 'reference' });
      for (let row = 0; row < 3; row++) {
        const own = solved(exported, latents.subarray(2 * row, 2 * row + 2));
        for (const d of [0, 1]) expect(Math.abs(own[d] - values[2 * row + d])).toBeLessThan(1e-9);
      }
    }
  });

  it('has all NFE, and the order of a family', async () => {
    const out = at('all.json');
    expect(await inProcess(['export', ...flags({ predictor: table, out })])).toMatchObject({ status: 0 });
    const { options, schedules } = JSON.parse(await readFile(out, 'utf8'));
    expect(options).toEqual({ order: 3 });
    expect(schedules.map(({ nfe }: { nfe: number }) => nfe)).toEqual([3, 5]);
  });
});
