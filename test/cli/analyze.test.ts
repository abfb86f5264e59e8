import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import type { AnalysisFile } from '../../src/analysis/results.js';
import { random } from '../../src/problem/random.js';
import { expectFigures } from '../report/figures.js';
import { freshSeed } from '../seed.js';
import { flags, inProcess } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-analyze-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

type Options = Parameters<typeof flags>[0];
const analyzing = (options: Options) => [
  'analyze',
  ...flags({ field: 'ring', trajectories: 12, nfe: 24, out: at('out'), ...options }),
];

async function analyzed(out: string, options: Options = {}) {
  const outcome = await inProcess(analyzing({ out: at(out), ...options }));
  expect(outcome).toMatchObject({ status: 0 });
  const read = (name: string) => readFile(join(at(out), name), 'utf8');
  const file = JSON.parse(await read('analysis.json')) as AnalysisFile;
  return { ...outcome, file, csv: await read('analysis.csv'), page: await read('report.html') };
}

describe('an analysis', () => {
  it('writes three whole files with the same figures, and prints an outline', async () => {
    const { file, csv, page, stdout } = await analyzed('new/deep', {
      field: 'mixture-64',
      seed: 3,
      steps: '3,4',
      'sigma-max': 40,
      json: true,
    });
    expect((await readdir(at('new/deep'))).sort()).toEqual(['analysis.csv', 'analysis.json', 'report.html']);
    const { run, analysis, schema } = file;
    expect(schema).toBe('fewstep-analysis/1');
    expect(run).toMatchObject({
      field: { source: 'mixture-64', kind: 'gaussian-mixture', dim: 64 },
      solver: 'unipc-3',
      grid: 'polynomial:7',
      seed: 3,
      sigmaMax: 40,
      adapter: { name: expect.any(String), software: expect.any(Boolean) },
    });
    expect(analysis).toMatchObject({ trajectories: 12, nfe: 24, evaluations: 49 });
    expect([analysis.times.length, analysis.deviation.length, analysis.paths.length]).toEqual([25, 25, 12]);
    expect(analysis.meanValue.map(({ steps, step }) => `${step}/${steps}`)).toEqual([
      '0/3',
      '1/3',
      '2/3',
      '0/4',
      '1/4',
      '2/4',
      '3/4',
    ]);
    const lines = csv.trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 3 + 3 * 25 + 25 + 1 + 4 * 7 + 1);
    const { mean, median, p5, p95 } = analysis.explained[1].share;
    expect(lines).toContain(`explained_variance,2,,,,${[mean, median, p5, p95].join(',')}`);
    expect(JSON.parse(stdout)).toMatchObject({
      analysis: at('new/deep/analysis.json'),
      explained: analysis.explained,
      largestDeviation: analysis.largestDeviation,
    });
    const { document } = parseHTML(page);
    expect(document.querySelectorAll('svg.plot')).toHaveLength(5);
    expect(document.querySelector('#step table')!.textContent).toContain(
      analysis.meanValue[2].eulerError.median.toPrecision(3),
    );
    expect(document.querySelector('#method')!.textContent).toContain(run.adapter.name);
    expectFigures(page);
  });

  it('is of any field: points in the plane, data, a model', async () => {
    const ring = await analyzed('ring');
    expect(ring.stdout).toMatch(/^One component holds [\d.]+% .* chord.*\n12 trajectories in /);
    expect(ring.file.analysis.explained).toHaveLength(2);
    expect(ring.file.analysis.explained[1].share.p5).toBeCloseTo(1, 12);
    expectFigures(ring.page);

    const gaussian = { kind: 'gaussian-mixture', weights: [1], means: [[2]], stds: [0.5] };
    await writeFile(at('line.json'), JSON.stringify(gaussian));
    const line = await analyzed('line', { field: at('line.json') });
    expect(line.file.analysis.explained).toHaveLength(1);
    expectFigures(line.page);

    const source = random(freshSeed());
    const rows = Array.from({ length: 30 }, () => [1, 2, 3].map(() => 100 * source.uniform()).join(','));
    await writeFile(at('points.csv'), rows.join('\n'));
    const data = await analyzed('data', { field: at('points.csv'), scale: true });
    expect(data.file.run.field).toMatchObject({ kind: 'empirical', dim: 3 });

    const model = join(import.meta.dirname, '../../models/two-moons.safetensors');
    const network = await analyzed('model', { field: model });
    expect(network.file.run.field).toMatchObject({ kind: 'mlp', dim: 2 });
  });
});

describe('a bad request is refused with status 2 and leaves no file', () => {
  const refusals: [string, Options, ...string[]][] = [
    ['no --field', { field: undefined }, "'--field <field>' not specified", 'fewstep analyze --help'],
    ['no --out', { out: undefined }, "'--out <folder>' not specified"],
    ['an unknown field', { field: 'rign' }, "field 'rign'", "did you mean 'ring'?"],
    ['one trajectory', { trajectories: 1 }, "'1' is invalid", 'from 2'],
    ['an unknown solver', { solver: 'unipc-9' }, "unknown solver 'unipc-9'", "did you mean 'unipc-"],
    ['an NFE out of reach', { solver: 'rk4', nfe: 42 }, 'rk4 cannot make exactly 42', '40 or 44'],
    ['coarse grids too fine', { steps: '4,30' }, '30 steps needs at least 120', 'higher NFE'],
    ['--steps 4;5', { steps: '4;5' }, "'4;5' is invalid", 'whole number'],
    ['an empty range', { 'sigma-min': 90 }, 'span no range', '0 < sigma_min < sigma_max'],
    ['--scale for a problem', { scale: true }, '--scale does not apply to ring'],
    ['a searched grid', { grid: 'gits' }, "grid 'gits' is searched"],
  ];
  it.each(refusals)('%s', async (_, options, ...expected) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await inProcess(analyzing({ out: at('refused'), ...options }));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect(await readdir(folder)).toEqual(before);
  });
});
