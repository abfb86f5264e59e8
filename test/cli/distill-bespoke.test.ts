import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { quantile } from '../../src/metrics/quantile.js';
import { loadArray, saveNpy } from '../../src/node/files.js';
import { loadPredictor } from '../../src/node/predictor.js';
import type { Results } from '../../src/report/results.js';
import { bespokeLayout } from '../../src/solver/bespoke.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { build, flags, inProcess, said, start } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-bespoke-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const gaussians = {
  weights: [1, 2],
  means: [
    [-0.7, 0.2],
    [0.6, 0],
  ],
  stds: [0.2, 0.1],
};
await writeFile(at('gaussians.json'), JSON.stringify({ kind: 'gaussian-mixture', ...gaussians }));

type Options = Parameters<typeof flags>[0];
/** Latents that solvers are compared on: few tell a median within a third. */
const FRESH = 2000;
const distilling = (options: Options) => [
  'distill',
  ...flags({
    field: at('gaussians.json'),
    solver: 'bespoke',
    nfe: 3,
    trajectories: 512,
    validation: 1024,
    batch: 64,
    formulas: 'ipndm-2,dpmpp-2m',
    candidates: 2,
    out: at('never.safetensors'),
    ...options,
  }),
];

async function sampled(options: Options) {
  const out = at('x.npy');
  const given: Options = { field: at('gaussians.json'), batch: FRESH, out, json: true, ...options };
  const outcome = await inProcess(['sample', ...flags(given)]);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  return {
    values: (await loadArray(out)).values,
    report: JSON.parse(outcome.stdout),
    stderr: outcome.stderr,
  };
}

function distancesOf(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  return Array.from({ length: FRESH }, (_, i) =>
    Math.hypot(a[2 * i] - b[2 * i], a[2 * i + 1] - b[2 * i + 1]),
  );
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return distancesOf(a, b).reduce((sum, value) => sum + value, 0) / FRESH;
}

beforeAll(async () => {
  build();
  const outcome = await inProcess(distilling({ nfe: '2,3', budget: '90it', out: at('p.safetensors') }));
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
}, SLOW);

describe('fewstep distill --solver bespoke-net', () => {
  it(
    'keeps networks where they help mean and median, says so, and samples with what it kept',
    async () => {
      const out = at('net.safetensors');
      const options: Options = {
        ...{ solver: 'bespoke-net', budget: '60it', 'net-iterations': 75 },
        ...{ out, json: true },
      };
      const outcome = await inProcess(distilling(options));
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      const { stages, network } = JSON.parse(outcome.stdout).schedules[0];
      const { kept, net, table } = stages.networks;
      expect(kept).toBe(net.mean < table.mean && net.median < table.median);
      expect(network !== undefined).toBe(kept);
      expect(outcome.stderr).toMatch(/networks \S+ \/ \S+, the table trained on as much \S+ \/ \S+: /);
      const { predictor } = await loadPredictor(out);
      expect(predictor.solver).toBe('bespoke-net');
      const exact = await sampled({ solver: 'unipc-3', nfe: 64 });
      const [learned, plain] = [
        await sampled({ predictor: out, nfe: 3 }),
        await sampled({ solver: 'ipndm-2', nfe: 3 }),
      ];
      expect(learned.report.evaluations).toBe(3);
      expect(distance(learned.values, exact.values)).toBeLessThan(distance(plain.values, exact.values));
    },
    SLOW,
  );

  it('says which options are its own', async () => {
    const refused = await inProcess(distilling({ 'net-iterations': 5 }));
    expect(refused).toMatchObject({ status: 2 });
    expect(refused.stderr).toMatch(/--net-iterations does not apply to bespoke/);
  });
});

describe('fewstep distill --solver bespoke', () => {
  it(
    'writes solvers that are better on fresh latents than any plain one of the search, and says how it went',
    async () => {
      const out = at('j.safetensors');
      const outcome = await inProcess(distilling({ nfe: '2,3', budget: '90it', out, json: true }));
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      const report = JSON.parse(outcome.stdout);
      expect(outcome.stderr).toMatch(/^NFE 2: searched; the best plain solver is \S.*, error \S+ \/ \S+$/m);
      expect(outcome.stderr).toMatch(/^NFE 3: training 2 of 2, .*: error \S+ \/ \S+ became \S+ \/ \S+$/m);
      expect(outcome.stderr).toMatch(/^NFE 3: the table, .*: error \S+ \/ \S+ became \S+ \/ \S+$/m);
      expect(report).toMatchObject({
        kind: 'bespoke',
        solver: 'bespoke',
        range: { sigmaMin: 0.002, sigmaMax: 80 },
        training: {
          recipe: 'bespoke',
          teacher: { solver: 'unipc-3', nfe: 100, evaluations: (512 + 1024) * 100 },
          stages: [
            { nfe: 2, iterations: { candidates: 20, table: 70 } },
            { nfe: 3, iterations: { candidates: 20, table: 70 } },
          ],
        },
      });
      const { predictor, training } = await loadPredictor(out);
      expect(training).toEqual(report.training);
      if (predictor.kind !== 'bespoke') throw new Error('it was bespoke');
      const seed = freshSeed();
      const exact = await sampled({ solver: 'unipc-3', nfe: 200, seed });
      for (const [i, schedule] of predictor.schedules.entries()) {
        const { nfe } = schedule;
        const told = report.schedules[i];
        expect(told.numbers).toEqual([...schedule.numbers]);
        expect(told.numbers).toHaveLength(bespokeLayout(schedule).size);
        expect(told.table.times).toHaveLength(nfe);
        // Not means: a few trajectories that end at the other Gaussian make half of one.
        const distances = distancesOf((await sampled({ predictor: out, nfe, seed })).values, exact.values);
        const after = quantile(distances, 0.5);
        const { base, best } = told.scores;
        expect(best.mean).toBeLessThan(base.mean);
        expect(after / best.median, `NFE ${nfe}`).toBeGreaterThan(0.5);
        expect(after / best.median, `NFE ${nfe}`).toBeLessThan(2);
      }
      // The same seed gives the same numbers.
      const again = await loadPredictor(at('p.safetensors'));
      expect(again.predictor).toEqual(predictor);
    },
    SLOW,
  );

  it(
    'says in tables what was learned, and begins with a given solver where that is better',
    async () => {
      const from = at('p.safetensors');
      const out = at('q.safetensors');
      const outcome = await inProcess(distilling({ from, iterations: 0, 'candidate-iterations': 0, out }));
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(outcome.stdout).toMatch(/q\.safetensors: bespoke on .*gaussians\.json, taught by unipc-3/);
      expect(outcome.stdout).toMatch(/^NFE +plain +start +distilled +gain +search +candidates +table/m);
      expect(outcome.stdout).toMatch(/^3 +\S+ \/ \S+ +\S+ \/ \S+ +\S+ \/ \S+ +\S+ \/ \S+ +\S+ s +\S+ s/m);
      expect(outcome.stdout).toMatch(/^NFE 3 began as .*, learned in p\.safetensors; the best plain .* is /m);
      expect(outcome.stdout).toMatch(/^state +sigma +x_T +mean +D_0 +D_1 +D_2$/m);
      expect(outcome.stdout).toMatch(/^result +0\.002 /m);
      const { training } = await loadPredictor(out);
      const [{ base, start: begun, best }] = training!.scores;
      expect(best).toEqual(begun);
      expect(begun.mean!).toBeLessThan(base.mean!);
    },
    SLOW,
  );

  it('samples alike on the GPU and in float64, and shows its table', async () => {
    const predictor = at('p.safetensors');
    const [stepwise, reference] = [
      await sampled({ predictor, nfe: 3, seed: 1 }),
      await sampled({ predictor, nfe: 3, seed: 1, executor: 'reference' }),
    ];
    expect(distance(stepwise.values, reference.values)).toBeLessThan(1e-3);
    const { report } = stepwise;
    expect(report).toMatchObject({ solver: 'bespoke', afs: false, nfe: 3, evaluations: 3 });
    expect(report.predictor.steps.map(({ row }: { row: number[] }) => row.length)).toEqual([2, 3, 4]);
    expect(report.predictor.result).toHaveLength(5);
    expect(stepwise.stderr).not.toContain('note:');
  });

  it('is exported as a table of coefficients at one NFE, by which anybody gets the same samples', async () => {
    const [predictor, out] = [at('p.safetensors'), at('table.json')];
    const several = await inProcess(['export', ...flags({ predictor, out })]);
    expect(several).toMatchObject({ status: 2, stderr: expect.stringContaining('learned for NFE 2, 3') });
    const outcome = await inProcess(['export', ...flags({ predictor, nfe: 3, out })]);
    expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
    const { schema, nfe, times, rows, mean } = JSON.parse(await readFile(out, 'utf8'));
    expect({ schema, nfe }).toEqual({ schema: 'fewstep-table/1', nfe: 3 });
    const denoise = gaussianMixture(gaussians).denoise!;
    const latents = Float64Array.of(30, -80);
    await saveNpy(at('z.npy'), [1, 2], latents);
    const given = { predictor, nfe: 3, latents: at('z.npy'), batch: undefined, executor: 'reference' };
    const { values } = await sampled(given);
    const basis = [latents, Float64Array.from(mean)];
    const sum = (row: number[]) =>
      latents.map((_, d) => row.reduce((total, weight, i) => total + weight * basis[i][d], 0));
    for (const [k, sigma] of times.entries()) {
      const denoised = new Float64Array(2);
      denoise(sum(rows[k]), sigma, denoised);
      basis.push(denoised);
    }
    for (const [d, value] of sum(rows[3]).entries()) expect(Math.abs(value - values[d])).toBeLessThan(1e-9);
  });

  it(
    'is a row of a benchmark',
    async () => {
      const out = at('run');
      const given = { problem: 'ring', solvers: 'euler', nfe: '2,3', batch: 64, 'exact-nfe': 64, out };
      const outcome = await inProcess(['bench', ...flags({ ...given, predictor: at('p.safetensors') })]);
      expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
      expect(outcome.stderr).toMatch(/^note: ring: \S+p\.safetensors was distilled on another/m);
      const { cells } = JSON.parse(await readFile(join(out, 'results.json'), 'utf8')) as Results;
      const own = cells.filter(({ solver }) => solver === 'bespoke (p)');
      expect(own.map(({ nfe, evaluations }) => [nfe, evaluations])).toEqual([
        [2, 2],
        [3, 3],
      ]);
    },
    SLOW,
  );

  it('without a predictor is a universal table, and says so; with networks there is none', async () => {
    const universal = await sampled({ field: 'ring', solver: 'bespoke', nfe: 3 });
    expect(universal.stderr).toMatch(/universal table, which learned on other fields: distil for this one/);
    expect(universal.report).toMatchObject({ solver: 'bespoke (universal)', evaluations: 3 });
    const wide = { kind: 'gaussian-mixture', weights: [1], means: [new Array(300).fill(0.1)], stds: [0.5] };
    await writeFile(at('wide.json'), JSON.stringify(wide));
    const large = await sampled({ field: at('wide.json'), solver: 'bespoke', nfe: 3, batch: 2 });
    expect(large.stderr).toMatch(/of up to 256 numbers: on states of 300 a plain solver may be better/);
    const given = { field: 'ring', solver: 'bespoke-net', nfe: 3, out: at('x.npy') };
    const { status, stderr } = await inProcess(['sample', ...flags(given)]);
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/distill --solver bespoke/),
    });
  });

  it('warns on another field of as many numbers, and is refused on one of others', async () => {
    const predictor = at('p.safetensors');
    const other = await sampled({ field: 'ring', predictor, nfe: 3 });
    expect(other.stderr).toMatch(/note: .*distilled on another gaussian-mixture.*transfers in part/);
    const given = { field: 'mixture-64', predictor, nfe: 3, out: at('x.npy') };
    const outcome = await inProcess(['sample', ...flags(given)]);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toMatch(/of 2 numbers \(.*\), and this is .* of 64 numbers|constant of 2 numbers/);
  });
});

describe('a bad request is refused with status 2, before anything runs, and leaves no file', () => {
  const cases: [string, Options, ...string[]][] = [
    ['AFS', { afs: true }, '--afs does not apply to bespoke', '--starts afs'],
    ['a grid', { grid: 'logsnr' }, '--grid does not apply'],
    ['a recipe', { recipe: 'robust' }, '--recipe does not apply'],
    ['a kind', { kind: 'table' }, '--kind does not apply'],
    ['reading', { reads: 'state' }, '--reads does not apply'],
    ['a scale of the direction', { 'scale-dir': 0.1 }, '--scale-dir does not apply'],
    ['a scale of the time', { 'scale-time': 0.1 }, '--scale-time does not apply'],
    ['substeps', { 'teacher-substeps': 2 }, '--teacher-substeps does not apply', '--teacher-nfe'],
    ['an unknown formula', { formulas: 'ipndm-2,ipndm-5' }, "unknown formula 'ipndm-5'", 'ipndm-'],
    ['an unknown start', { starts: 'gausian' }, "unknown start 'gausian'", "did you mean 'gaussian'?"],
    ['no formula', { formulas: 'euler,,deis-2' }, 'names separated by commas'],
    ['too many evaluations', { nfe: '3,21' }, '1 to 20 evaluations, not 21'],
    ['a budget without unit', { budget: '20' }, "'20' is invalid", '20s, 600it, 100000traj or 200000evals'],
    ['a budget of 0', { budget: '0s' }, "'0s' is invalid"],
    ['half an iteration', { budget: '1.5it' }, "'1.5it' is invalid"],
    ['less than a batch', { budget: '10traj' }, '10 trajectories are no iteration of 64', '--batch'],
    ['too few evaluations', { budget: '500evals' }, '500 evaluations is too small at NFE 3', 'or more'],
    ['two budgets', { budget: '20s', iterations: 3 }, '--budget and --iterations are given'],
    ['no candidate', { candidates: 0 }, "'0' is invalid"],
    ['a batch beyond the trajectories', { batch: 600 }, '512 trajectories do not fill one batch'],
    ['a teacher that knows less', { nfe: 7, 'teacher-nfe': 7 }, 'larger NFE (--teacher-nfe)'],
    ['an NFE that --from has not', { nfe: 4, from: at('p.safetensors') }, 'nothing for NFE 4', '2, 3'],
    ['another range', { 'sigma-max': 40, from: at('p.safetensors') }, 'from sigma 80', '--sigma-max 80'],
    ['a missing --from', { from: at('none.safetensors') }, 'none.safetensors'],
    ['its options for AMED', { solver: 'amed', nfe: 4, formulas: undefined }, '--candidates does not apply'],
  ];

  it.each(cases)('%s', async (_, options, ...expected) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await inProcess(distilling(options));
    expect({ status, stdout }, stderr).toEqual({ status: 2, stdout: '' });
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect(await readdir(folder)).toEqual(before);
  });
});

test(
  'Ctrl-C ends a training with status 130, and keeps what is learned beside what was asked for',
  async () => {
    const before = await readdir(folder);
    const running = start(distilling({ nfe: '3,4', iterations: 100_000, 'candidate-iterations': 5 }));
    await said(
      running,
      /^\d+ of 100000 iterations at NFE 3, \d+ s left, loss \S+, error \S+,.* times \S+ \S+ \S+$/m,
    );
    running.child.kill('SIGINT');
    const { status, stdout, stderr } = await running.outcome;
    const partial = at('never.partial.safetensors');
    expect({ status, stderr }).toEqual({
      status: 130,
      stderr: expect.stringContaining(
        `error: stopped early: ${partial} has what was learned by then, which lacks NFE 4\n  use it as it is, or begin with it: --from ${partial}\n`,
      ),
    });
    expect(stderr).toContain('SIGINT: keeping what is learned by now');
    expect(stdout).toContain(`${partial}: `);
    const after = await readdir(folder);
    expect(after.filter((name) => !before.includes(name))).toEqual(['never.partial.safetensors']);
    const { predictor, training } = await loadPredictor(partial);
    expect(predictor).toMatchObject({ kind: 'bespoke', schedules: [{ nfe: 3 }] });
    expect(training).toMatchObject({ endedEarly: true });
    expect(training!.iterations).toBeGreaterThan(0);
    expect(training!.iterations).toBeLessThan(100_000);
    const [{ start: begun, best }] = training!.scores;
    expect(best.mean).toBeLessThanOrEqual(begun.mean!);

    const more = { iterations: 8, candidates: 1, from: partial, out: at('again.safetensors') };
    const again = await inProcess(distilling(more));
    expect(again, again.stderr).toMatchObject({ status: 0 });
    const went = await loadPredictor(at('again.safetensors'));
    const scoreOf = ({ mean, median }: typeof best) => Math.log(mean!) + Math.log(median! + mean! / 30) / 2;
    expect(scoreOf(went.training!.scores[0].best)).toBeLessThanOrEqual(scoreOf(best) + 0.01);
  },
  SLOW,
);
