import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mixtureSpec } from '../../src/field/gaussian-mixture.js';
import { writeNpy } from '../../src/io/npy.js';
import { exactLogDensity } from '../../src/likelihood/heat.js';
import type { LikelihoodFile } from '../../src/likelihood/results.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { loadArray, saveNpy } from '../../src/node/files.js';
import { saveModel } from '../../src/node/model.js';
import { problemByName } from '../../src/problem/registry.js';
import { sampleMixture } from '../../src/problem/sample-mixture.js';
import { random } from '../../src/rng/random.js';
import { randomParameters } from '../mlp/fixtures.js';
import { expectFigures } from '../report/figures.js';
import { freshSeed } from '../seed.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-likelihood-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const seed = freshSeed();
const SLOW = 180_000;

const mixture = {
  weights: [1, 2, 1.5],
  means: [
    [-1, 0.5],
    [1, 0],
    [0, 1.5],
  ],
  stds: [0.3, 0.2, 0.5],
};
const spec = mixtureSpec(mixture);
const rows = sampleMixture(spec, 24, seed).map(Math.fround);
const model = join(import.meta.dirname, '../../models/two-moons.safetensors');

beforeAll(async () => {
  await saveNpy(at('rows.npy'), [24, 2], rows);
  await saveNpy(at('points.npy'), [24, 2], rows);
  await writeFile(at('mixture.json'), JSON.stringify({ kind: 'gaussian-mixture', ...mixture }));
});

type Options = Parameters<typeof flags>[0];
const asking = (options: Options) => [
  'likelihood',
  ...flags({ field: at('mixture.json'), data: at('rows.npy'), out: at('logp.npy'), ...options }),
];

async function found(options: Options = {}) {
  const outcome = await inProcess(asking({ json: true, ...options }));
  expect(outcome).toMatchObject({ status: 0 });
  const { values, shape } = await loadArray(String(options.out ?? at('logp.npy')));
  return { ...outcome, values, shape, json: JSON.parse(outcome.stdout) };
}

describe('fewstep likelihood', () => {
  it('writes the log-densities of a mixture to 1e-3 nats, and says what they are', async () => {
    const { values, shape, json } = await found({ prior: 'gaussian', rtol: 1e-6, atol: 1e-6 });
    const exact = exactLogDensity(spec, rows, 0.002);
    expect(shape).toEqual([24]);
    for (const [row, value] of exact.entries()) expect(Math.abs(values[row] - value)).toBeLessThan(1e-3);
    const mean = values.reduce((sum, value) => sum + value, 0) / 24;
    expect(json.logDensity.mean).toBeCloseTo(mean, 10);
    expect(json.bitsPerDimension).toBeCloseTo(-mean / (2 * Math.LN2), 10);
    expect(json.exact.difference.largest).toBeLessThan(1e-3);
    expect(json).toMatchObject({
      field: { kind: 'gaussian-mixture', dim: 2 },
      data: { rows: 24 },
      prior: 'gaussian',
      divergence: { kind: 'exact' },
      steps: { rtol: 1e-6, atol: 1e-6 },
      adapter: { name: expect.any(String), software: expect.any(Boolean) },
    });
    expect(json.nfe.max).toBeGreaterThan(json.nfe.mean - 1e-9);
  });

  it('has as many evaluations as --nfe says, and latents that lead back to the data', async () => {
    const { json } = await found({ nfe: 240, latents: at('z.npy') });
    expect(json.nfe).toEqual({ mean: 240, max: 240 });
    const back = await inProcess([
      'sample',
      ...flags({
        field: at('mixture.json'),
        solver: 'rk4',
        nfe: 480,
        latents: at('z.npy'),
        out: at('back.npy'),
      }),
    ]);
    expect(back.status).toBe(0);
    const { values } = await loadArray(at('back.npy'));
    for (const [i, value] of rows.entries()) expect(Math.abs(values[i] - value)).toBeLessThan(5e-3);
  });

  it('and sampling to a tolerance brings them back too', async () => {
    const { json } = await found({ latents: at('z.npy') });
    const request = {
      field: at('mixture.json'),
      rtol: 1e-6,
      atol: 1e-6,
      out: at('back.npy'),
      json: true as const,
    };
    const back = await inProcess(['sample', ...flags({ ...request, latents: at('z.npy') })]);
    expect(back.status).toBe(0);
    const { values } = await loadArray(at('back.npy'));
    for (const [i, value] of rows.entries()) expect(Math.abs(values[i] - value)).toBeLessThan(2e-3);
    expect(JSON.parse(back.stdout).nfe.mean / json.nfe.mean).toBeGreaterThan(0.5);

    const drawn = await inProcess(['sample', ...flags({ ...request, batch: 8, seed: 3 })]);
    const solver = {
      field: at('mixture.json'),
      solver: 'rk4',
      nfe: 400,
      batch: 8,
      seed: 3,
      out: at('rk4.npy'),
    };
    await inProcess(['sample', ...flags(solver)]);
    expect(drawn.status).toBe(0);
    const [own, other] = [await loadArray(at('back.npy')), await loadArray(at('rk4.npy'))];
    for (const [i, value] of other.values.entries())
      expect(Math.abs(own.values[i] - value)).toBeLessThan(1e-2);
    const refused = await inProcess(['sample', ...flags({ ...request, solver: 'euler', nfe: 4 })]);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain('--solver does not go with a tolerance');
  });

  it('estimates with probes, whose seed decides', async () => {
    const probed = (own: number) => found({ method: 'hutchinson', probes: 3, seed: own });
    const [first, again, other] = [await probed(1), await probed(1), await probed(2)];
    expect(first.values).toEqual(again.values);
    expect(first.values).not.toEqual(other.values);
    expect(first.json.probeError).toBeGreaterThan(0);
    expect(first.json.divergence).toEqual({ kind: 'hutchinson', probes: 3, seed: 1 });
  });

  it('gives densities of scaled data in the data’s own units', async () => {
    const source = random(seed, 4);
    const points = Array.from({ length: 40 }, () => [100 + 20 * source.uniform(), 40 * source.uniform()]);
    await writeFile(at('points.csv'), `x,y,z\n${points.map(([x, y]) => `${x},7,${y}`).join('\n')}\n`);
    // The same columns of the data as of the field.
    const { values, json } = await found({
      field: at('points.csv'),
      data: at('points.csv'),
      columns: 'x,z',
      scale: true,
      bandwidth: 0.2,
      prior: 'gaussian',
      rtol: 1e-6,
      atol: 1e-6,
    });
    const [low, high] = [Math.min(...points.flat()), Math.max(...points.flat())];
    const scale = (high - low) / 2;
    const wide = mixtureSpec({
      weights: points.map(() => 1),
      means: points,
      stds: points.map(() => 0.2 * scale),
    });
    const exact = exactLogDensity(wide, points.flat(), 0.002 * scale);
    for (const [row, value] of exact.entries()) expect(Math.abs(values[row] - value)).toBeLessThan(2e-3);
    expect(json.exact.difference.largest).toBeLessThan(2e-3);
    expect(json.field.scaling.scale).toBeCloseTo(scale, 3);
  });

  it('with --labels is that of each row under its own', { timeout: SLOW }, async () => {
    const config = mlpConfig({ dim: 2, width: 32, layers: 2, classes: 3 });
    const labelNames = ['red', 'green', 'blue'];
    const network = { config, parameters: randomParameters(config, random(seed, 8)), labelNames };
    await saveModel(at('labelled.safetensors'), network);
    const colours = Array.from({ length: 24 }, (_, row) => ['blue', 'red', 'red', 'green'][row % 4]);
    const lines = colours.map((colour, row) => `${rows[2 * row]},${rows[2 * row + 1]},${colour}`);
    await writeFile(at('labelled.csv'), `x,y,colour\n${lines.join('\n')}\n`);
    const asked = {
      ...{ field: at('labelled.safetensors'), data: at('labelled.csv'), columns: 'x,y' },
      ...{ 'sigma-min': 0.05, 'sigma-max': 10 },
    };
    const { values, json } = await found({ ...asked, labels: 'colour', report: at('labelled') });
    expect(json).not.toHaveProperty('exact');
    const report = parseHTML(await readFile(at('labelled/report.html'), 'utf8')).document;
    expect(report.querySelector('#plane')).toBeNull();
    for (const label of labelNames) {
      const alone = await found({ ...asked, label });
      const own = (all: Float64Array) => all.filter((_, row) => colours[row] === label);
      const differences = own(values).map((value, i) => Math.abs(value - own(alone.values)[i]));
      expect(Math.max(...differences)).toBeLessThan(1e-3);
      expect(Math.max(...values.map((value, row) => Math.abs(value - alone.values[row])))).toBeGreaterThan(
        0.01,
      );
    }
    const refused = async (options: Options) => (await inProcess(asking({ ...asked, ...options }))).stderr;
    expect(await refused({ label: 'all' })).toMatch(/3 labels, and it is not said which .*\n.*with --labels/);
    expect(await refused({ label: 'red', labels: 'colour' })).toContain('cannot be used with');
    expect(await refused({ labels: 'shade' })).toContain("'shade'");
    expect(await refused({ field: at('mixture.json'), labels: 'colour' })).toContain(
      '--labels does not apply',
    );
  });

  it(
    'reports on a model, beside the problem that it was trained on',
    async () => {
      const points = problemByName('two-moons').sample(40, seed);
      await saveNpy(at('moons.npy'), [40, 2], points);
      const { json } = await found({ field: model, data: at('moons.npy'), report: at('new/deep') });
      expect(json.exact.source).toBe('two-moons');
      expect((await readdir(at('new/deep'))).sort()).toEqual(['likelihood.json', 'report.html']);
      const file = JSON.parse(await readFile(at('new/deep/likelihood.json'), 'utf8')) as LikelihoodFile;
      expect(file.schema).toBe('fewstep-likelihood/1');
      expect(file.fokkerPlanck).toHaveLength(9);
      expect([file.map!.model.length, file.map!.exact!.length]).toEqual([64 * 64, 64 * 64]);
      const page = await readFile(at('new/deep/report.html'), 'utf8');
      const { document } = parseHTML(page);
      expect(document.querySelectorAll('svg.plot')).toHaveLength(2);
      expect(document.querySelectorAll('.panel img')).toHaveLength(3);
      expect(document.querySelector('#method')!.textContent).toContain(file.run.adapter.name);
      expectFigures(page);
    },
    SLOW,
  );

  it('reports on data of other dimensions than two, in words without --json', async () => {
    const line = { kind: 'gaussian-mixture', weights: [1], means: [[2]], stds: [0.5] };
    await writeFile(at('line.json'), JSON.stringify(line));
    await saveNpy(at('line.npy'), [3, 1], Float64Array.of(1.5, 2, 2.25));
    const { stdout, status } = await inProcess(
      asking({ field: at('line.json'), data: at('line.npy'), report: at('line') }),
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^3 rows of .*: mean log-density .* nats, .* bits per dimension.*\nNFE [\d.]+ a trajectory, at most \d+, /,
    );
    const page = await readFile(at('line/report.html'), 'utf8');
    expectFigures(page);
    expect(parseHTML(page).document.querySelector('#plane')).toBeNull();
  });
});

describe('a bad request is refused with status 2 and leaves no file', () => {
  beforeAll(async () => {
    await saveNpy(at('three.npy'), [2, 3], new Float64Array(6));
    await saveNpy(at('nan.npy'), [2, 2], Float64Array.of(1, 2, 3, NaN));
    await saveNpy(at('huge.npy'), [2, 2], Float64Array.of(1, 2, 1e39, 4));
    await writeFile(at('cut.npy'), writeNpy([4, 2], new Float64Array(8)).subarray(0, 150));
    await writeFile(at('words.csv'), 'a,b\n1,two\n');
    await writeFile(
      at('sheet.wgsl'),
      'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> { return x; }',
    );
  });
  const refusals: [string, Options, ...string[]][] = [
    ['no --data', { data: undefined }, "'--data <file>' not specified"],
    ['no --out', { out: undefined }, "'--out <file>' not specified"],
    ['no such data', { data: at('none.npy') }, 'none.npy', 'no such file'],
    ['rows of another length', { data: at('three.npy') }, 'rows of 3 numbers', 'a field of 2', '--columns'],
    ['a NaN', { data: at('nan.npy') }, 'row 1, column 1', 'remove or replace'],
    ['beyond float32', { data: at('huge.npy') }, 'row 1, column 0', 'not finite in float32'],
    ['a truncated file', { data: at('cut.npy') }, 'is truncated'],
    ['words', { data: at('words.csv') }, 'words.csv', 'two'],
    ['an unknown column', { field: model, data: at('rows.npy'), columns: '0,5' }, 'there is no column 5'],
    ['an unknown field', { field: 'two-moon' }, "field 'two-moon'", "did you mean 'two-moons'?"],
    ['an unknown method', { method: 'exat' }, "'exat' is invalid", 'hutchinson'],
    ['probes of an exact method', { probes: 3 }, '--probes was given', '--method hutchinson'],
    ['a seed of nothing', { seed: 3 }, 'nothing is drawn', '--method hutchinson or --report'],
    ['no probes', { method: 'hutchinson', probes: 0 }, "'0' is invalid"],
    ['an NFE that RK4 does not make', { nfe: 42 }, 'exactly 42', '40 or 44'],
    ['--nfe and --rtol', { nfe: 40, rtol: 1e-4 }, 'cannot be used with'],
    ['a tolerance of 0', { rtol: 0 }, "'0' is invalid"],
    ['a tolerance of 1e-30', { rtol: 1e-30 }, 'rtol is 1e-30', 'not below 1e-15'],
    ['a tolerance of 3', { atol: 3 }, 'atol is 3', 'between 0 and 1'],
    [
      'a tolerance below float32',
      { rtol: 1e-12, atol: 1e-12 },
      'would be needed in',
      'trajectories, at sigma',
      'larger error',
    ],
    ['an empty range', { 'sigma-min': 90 }, 'span no range'],
    ['an unknown prior', { prior: 'flat' }, "'flat' is invalid"],
    ['the same file twice', { latents: at('refused.npy') }, 'the same file'],
    ['--out over the data', { out: at('rows.npy') }, 'the same file'],
    ['--out over the field', { field: at('points.npy'), out: at('points.npy') }, '--out and --field'],
    ['--out of another kind', { out: at('logp.csv') }, 'only .npy'],
    ['an exact field of another dimension', { exact: 'mixture-64' }, 'has 64 dimensions', 'made for'],
    ['an exact field that is none', { exact: model }, 'without a known density'],
    ['--scale for a mixture', { scale: true }, '--scale does not apply'],
  ];
  it.each(refusals)('%s', async (_, options, ...expected) => {
    const before = (await readdir(folder)).sort();
    const { status, stdout, stderr } = await inProcess(asking({ out: at('refused.npy'), ...options }));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect((await readdir(folder)).sort()).toEqual(before);
  });
});
