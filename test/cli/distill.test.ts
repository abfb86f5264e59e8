import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { loadArray } from '../../src/node/files.js';
import { loadPredictor } from '../../src/node/predictor.js';
import { encodePredictor } from '../../src/predictor/predictor-file.js';
import { random } from '../../src/rng/random.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { build, flags, inProcess, said, start } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-distill-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const gaussians = {
  kind: 'gaussian-mixture',
  weights: [1, 2],
  means: [
    [-0.7, 0.2],
    [0.6, 0],
  ],
  stds: [0.2, 0.1],
};
await writeFile(at('gaussians.json'), JSON.stringify(gaussians));

type Options = Parameters<typeof flags>[0];
const distilling = (options: Options) => [
  'distill',
  ...flags({
    field: at('gaussians.json'),
    solver: 'amed-ipndm:order=3',
    nfe: 5,
    trajectories: 512,
    validation: 128,
    batch: 64,
    iterations: 60,
    out: at('never.safetensors'),
    ...options,
  }),
];

/** Distils in this process and returns what it says with --json. */
async function distilled(name: string, options: Options = {}) {
  const outcome = await inProcess(distilling({ out: at(name), json: true, ...options }));
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  return { report: JSON.parse(outcome.stdout), stderr: outcome.stderr };
}

async function sampled(options: Options) {
  const out = at('x.npy');
  const given = { field: at('gaussians.json'), batch: 400, out, ...options };
  const outcome = await inProcess(['sample', ...flags(given)]);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  return (await loadArray(out)).values;
}

/** Mean distance of samples, [400, 2]. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const distances = Array.from({ length: 400 }, (_, i) =>
    Math.hypot(a[2 * i] - b[2 * i], a[2 * i + 1] - b[2 * i + 1]),
  );
  return distances.reduce((sum, value) => sum + value, 0) / 400;
}

describe('fewstep distill', () => {
  it(
    'writes a predictor that is better on fresh latents than its solver untrained, and says how it went',
    async () => {
      const { report, stderr } = await distilled('p.safetensors', { nfe: '3,5' });
      expect(stderr).toMatch(/^NFE 3: searching 9 grids for a start$/m);
      expect(stderr).toMatch(/^NFE 5: \S+ at r = 0\.\d+(, 0\.\d+)+, error \S+ \(untrained \S+\)$/m);
      expect(report).toMatchObject({
        kind: 'table',
        solver: 'amed-ipndm:order=3',
        afs: true,
        training: {
          recipe: 'robust',
          teacher: { solver: 'unipc-3', nfe: 100, evaluations: 640 * 100 },
          trajectories: 512,
          validation: 128,
          iterations: 60,
          seed: 0,
        },
        adapter: { name: expect.any(String), software: expect.any(Boolean) },
      });
      const { predictor, training } = await loadPredictor(at('p.safetensors'));
      expect(training).toEqual(report.training);
      expect(predictor.schedules).toMatchObject([{ nfe: 3 }, { nfe: 5 }]);

      const seed = freshSeed();
      const exact = await sampled({ solver: 'unipc-3', nfe: 200, seed });
      for (const nfe of [3, 5]) {
        const learned = await sampled({ predictor: at('p.safetensors'), nfe, seed });
        const untrained = await sampled({ solver: 'amed-ipndm:order=3', afs: true, nfe, seed });
        const [after, before] = [distance(learned, exact), distance(untrained, exact)];
        expect(after, `NFE ${nfe}`).toBeLessThan(0.6 * before);
        // The errors that were printed are those of other latents.
        const { scores } = report.schedules.find((schedule: { nfe: number }) => schedule.nfe === nfe);
        expect(after / scores.best.mean).toBeGreaterThan(0.5);
        expect(after / scores.best.mean).toBeLessThan(2);
      }
    },
    SLOW,
  );

  it(
    'distils networks: one that corrects a table, one for several NFE, and the published recipe',
    async () => {
      const corrected = await distilled('n.safetensors', { kind: 'network', iterations: 40 });
      const [{ scores }] = corrected.report.schedules;
      expect(corrected.report.kind).toBe('network');
      // It begins with what the table learned, and that is better than where the table began.
      expect(scores.best.mean).toBeLessThan(scores.base.mean);
      const { predictor } = await loadPredictor(at('n.safetensors'));
      expect(predictor).toMatchObject({ kind: 'network', config: { reads: 'state' } });
      expect(predictor.schedules[0]).toHaveProperty('offsets');

      const several = await distilled('s.safetensors', { kind: 'network', nfe: '3,5', iterations: 40 });
      expect(several.report.schedules).toMatchObject([{ nfe: 3 }, { nfe: 5 }]);

      const published = await distilled('u.safetensors', { recipe: 'published', iterations: undefined });
      expect(published.report).toMatchObject({
        kind: 'network',
        training: { recipe: 'published', iterations: 8, trajectories: 512 },
      });
      const { predictor: plain } = await loadPredictor(at('u.safetensors'));
      expect(plain).toMatchObject({ config: { scaleDirection: 0.01, scaleTime: 0.2, reads: 'times' } });
      expect(plain.schedules[0]).not.toHaveProperty('offsets');
      expect(plain.schedules[0].grid).toBe('polynomial:7');

      for (const name of ['n', 's', 'u']) {
        const samples = await sampled({ predictor: at(`${name}.safetensors`), nfe: 5, seed: 1 });
        const reference = await sampled({
          predictor: at(`${name}.safetensors`),
          nfe: 5,
          seed: 1,
          executor: 'reference',
        });
        expect(distance(samples, reference), name).toBeLessThan(1e-3);
      }
    },
    SLOW,
  );

  it(
    'learns the times of a solver that is otherwise as it was, for any library that takes a list of sigma',
    async () => {
      const options = { solver: 'unipc-2:variant=bh1', afs: true, nfe: '3,5' } as const;
      const { report, stderr } = await distilled('t.safetensors', options);
      expect(stderr).toMatch(/^NFE 5: \S+, error \S+ \(untrained \S+\)$/m);
      expect(report).toMatchObject({ kind: 'times', solver: 'unipc-2:variant=bh1', afs: true });
      expect(report.training.recipe).toBe('times');
      const given = { predictor: at('t.safetensors'), nfe: 5, seed: freshSeed() };
      const exact = await sampled({ solver: 'unipc-3', nfe: 200, seed: given.seed });
      const samples = await sampled(given);
      const untrained = await sampled({ ...given, predictor: undefined, ...options, nfe: 5 });
      expect(distance(samples, exact)).toBeLessThan(0.6 * distance(untrained, exact));
      expect(distance(await sampled({ ...given, executor: 'reference' }), samples)).toBeLessThan(1e-3);

      // Told the times themselves, they are a grid.
      const grid = await distilled('g.safetensors', { ...options, 'scale-time': 0, nfe: 5 });
      const [{ times, told }] = grid.report.schedules;
      expect(told).toEqual([1, 1, 1, 1, 1]);
      const onGrid = { ...given, ...options, predictor: undefined, nfe: 5, grid: `explicit:${times.join()}` };
      expect(await sampled({ ...given, predictor: at('g.safetensors') })).toEqual(await sampled(onGrid));

      // What another library needs, with the learned solver's own evaluations.
      const out = at('t.json');
      const exporting = ['export', ...flags({ predictor: at('t.safetensors'), nfe: 5, out })];
      expect(await inProcess(exporting)).toMatchObject({ status: 0 });
      const exported = JSON.parse(await readFile(out, 'utf8'));
      expect(exported).toMatchObject({
        ...{ solver: 'unipc-2:variant=bh1', name: 'unipc-2', afs: true },
        options: { variant: 'bh1', lower_order_final: true },
      });
      const [learned] = report.schedules.slice(1);
      const [schedule] = exported.schedules;
      expect(schedule).not.toHaveProperty('steps');
      expect(schedule.times).toEqual(learned.times);
      // With AFS the first time is nobody's evaluation; UniPC's last is not evaluated.
      const sigma = schedule.times.slice(1, -1);
      const evaluations = sigma.map((divisor: number, k: number) => ({
        sigma: divisor * learned.told[k],
        divisor,
      }));
      expect(schedule.evaluations).toEqual(evaluations);

      // As text.
      const { stdout } = await inProcess(
        distilling({ ...options, nfe: 3, iterations: 4, out: at('s.safetensors') }),
      );
      expect(stdout).toMatch(/^NFE {2}evaluation {2}sigma +told$/m);
      expect(stdout).toMatch(/^3 {4}3 +\S+ +\S+$/m);
    },
    SLOW,
  );

  it('refuses what the published recipe cannot do', async () => {
    for (const [options, message] of [
      [{ nfe: '3,5' }, /trains one predictor for one NFE/],
      [{ grid: 'search' }, /does not search its grid/],
      [{ grid: 'explicit:80,9,1,0.002' }, /needs times between those of the grid/],
      [{ 'teacher-nfe': 30 }, /does not apply to the published recipe/],
      [{ kind: 'table' }, /trains networks, not tables/],
    ] as const) {
      const outcome = await inProcess(distilling({ recipe: 'published', ...options }));
      expect(outcome.status, outcome.stderr).toBe(2);
      expect(outcome.stderr).toMatch(message);
    }
  });

  it(
    'makes the same predictor for the same seed, and another for another',
    async () => {
      for (const [name, seed] of Object.entries({ a: 1, b: 1, c: 2 }))
        await distilled(`${name}.safetensors`, { seed });
      const [a, b, c] = await Promise.all(
        ['a', 'b', 'c'].map((name) => loadPredictor(at(`${name}.safetensors`))),
      );
      // All but the time it took is the same, to the last bit.
      const timeless = (stored: typeof a) => {
        const seconds = { teacher: 0, search: 0, training: 0 };
        return encodePredictor({ ...stored, training: { ...stored.training!, seconds } });
      };
      expect(timeless(b)).toEqual(timeless(a));
      expect(c.predictor).not.toEqual(a.predictor);
      expect(c.field).toEqual(a.field);
    },
    SLOW,
  );

  it(
    'says in tables what was learned, on data of other units and times of its own',
    async () => {
      const source = random(freshSeed());
      const rows = Array.from({ length: 60 }, () => `${100 + 10 * source.normal()},${50 * source.uniform()}`);
      await writeFile(at('points.csv'), rows.join('\n'));
      const options = {
        field: at('points.csv'),
        scale: true,
        bandwidth: 0.05,
        solver: 'amed-unipc',
        nfe: 4,
        grid: 'explicit:40,1,0.01',
        out: at('points.safetensors'),
      } as const;
      const { status, stdout } = await inProcess(distilling(options));
      expect(status).toBe(0);
      expect(stdout).toMatch(
        /points\.safetensors: amed-unipc on .*points\.csv --bandwidth 0\.05 --scale, taught by unipc-3 at NFE 100\n/,
      );
      const units =
        /distance to the teacher's end points in the field's units, of which one is ([\d.]+) of the data's, [\d,]+ validation/;
      const [, unit] = units.exec(stdout)!;
      const line = /^4 {4}explicit:40,1,0\.01 {2}\S+ \/ \S+ {2}\S+ \/ \S+ {2}(\S+) \/ \S+ /m;
      const [, mean] = line.exec(stdout)!;
      expect(stdout).toMatch(/^NFE {2}step {2}from +s_n +to +r +direction +time$/m);
      expect(stdout).toMatch(/^4 {4}1 {5}40\.0 +\S+ +1\.00 +0\.\d+ /m);
      expect(stdout).toMatch(
        /^64,000 evaluations of the teacher in .*; in all [\d,]{6,} evaluations in .* on .*adapter /m,
      );
      const { field, scale, bandwidth } = options;
      const given = { field, scale, bandwidth, predictor: at('points.safetensors') };
      const values = await sampled(given);
      const range = { 'sigma-max': 40, 'sigma-min': 0.01 };
      const exact = await sampled({ field, scale, bandwidth, solver: 'unipc-3', nfe: 100, ...range });
      // The printed error is that of other latents.
      const error = distance(values, exact) / Number(unit);
      expect(error / Number(mean)).toBeGreaterThan(0.5);
      expect(error / Number(mean)).toBeLessThan(2);
      const middle = (axis: number) => values.filter((_, i) => i % 2 === axis).reduce((a, b) => a + b) / 400;
      expect(Math.abs(middle(0) - 100)).toBeLessThan(10);
      expect(Math.abs(middle(1) - 25)).toBeLessThan(15);
    },
    SLOW,
  );
});

describe('a bad request is refused with status 2, before anything runs, and leaves no file', () => {
  const cases: [string, Options, ...string[]][] = [
    [
      'an unknown solver',
      { solver: 'amed-ipnd' },
      "unknown solver 'amed-ipnd'",
      "did you mean 'amed-ipndm'?",
    ],
    ['a sampler of the SDE', { solver: 'ancestral' }, "'ancestral' draws noise", 'such as unipc-2'],
    ['a kind of learned times', { solver: 'unipc-2', kind: 'network' }, '--kind does not apply to unipc-2'],
    ['a recipe of learned times', { solver: 'unipc-2', recipe: 'published' }, '--recipe does not apply'],
    ['a scale that they do not have', { solver: 'unipc-2', 'scale-dir': 0.1 }, '--scale-dir does not apply'],
    [
      'nothing to learn',
      { solver: 'euler', nfe: 1, 'scale-time': 0 },
      'there is nothing to learn',
      'a scale of the time',
    ],
    ['an NFE out of their reach', { solver: 'heun', nfe: '4,5' }, 'odd and even NFE into two files'],
    ['a grid of other steps', { solver: 'unipc-2', grid: 'explicit:80,1,0.002' }, 'the grid lists 3 times'],
    ['an unknown option', { solver: 'amed-ipndm:rank=3' }, "no option 'rank'", 'order'],
    ['an r', { solver: 'amed:r=0.4' }, 'r is what is learned', 'leave it out'],
    ['--out over the model', { field: at('x.safetensors'), out: at('x.safetensors') }, '--out and --field'],
    ['no NFE', { nfe: undefined }, "'--nfe <counts>' not specified"],
    ['NFE 0', { nfe: '3,0' }, "'3,0' is invalid", 'whole number from 1'],
    ['odd and even NFE', { nfe: '4,5' }, 'makes 5 evaluations with', 'into two files'],
    ['an even NFE with AFS', { nfe: 4, afs: true }, 'cannot make exactly 4', '3 or 5'],
    ['an unknown grid', { grid: 'cosine' }, "unknown grid 'cosine'", 'polynomial, logsnr'],
    [
      'listed times and another range',
      { grid: 'explicit:40,6,1,0.002', 'sigma-max': 80 },
      'from sigma 40 to 0.002, and the range is 80 to 0.002',
      'leave the range out',
    ],
    ['a grid of other steps', { grid: 'explicit:80,1' }, '1 steps; 3 are asked for', 'list 4 times'],
    ['a searched grid', { grid: 'gits' }, 'searched on the field', 'sample --grid gits --json'],
    ['an empty range', { 'sigma-min': 90 }, 'span no range', '0 < sigma_min'],
    [
      'a teacher that knows less',
      { nfe: 7, 'teacher-nfe': 7 },
      'makes 7 evaluations',
      'larger NFE (--teacher-nfe)',
    ],
    ['a teacher of the SDE', { teacher: 'ancestral' }, 'ancestral draws noise', 'such as unipc-3'],
    ['an unknown teacher', { teacher: 'ipndm-9' }, "unknown solver 'ipndm-9'", 'did you mean'],
    [
      'an NFE out of its reach',
      { teacher: 'rk4', 'teacher-nfe': 61 },
      'rk4 cannot make exactly 61',
      '60 or 64',
    ],
    [
      'substeps of the robust recipe',
      { 'teacher-substeps': 2 },
      '--teacher-substeps does not apply to the robust recipe',
      '--teacher-nfe',
    ],
    [
      'a teacher of the published recipe',
      { recipe: 'published', 'teacher-nfe': 60 },
      '--teacher-nfe does not apply',
      '--teacher-substeps',
    ],
    ['a published table', { recipe: 'published', kind: 'table' }, 'trains networks', 'leave out --kind'],
    ['a table that reads', { reads: 'state' }, '--reads does not apply to a table', '--kind network'],
    ['an unknown kind', { kind: 'tree' }, "'tree' is invalid", 'table, network'],
    ['an unknown recipe', { recipe: 'quick' }, "'quick' is invalid", 'robust, published'],
    ['a scale of 1', { 'scale-dir': 1 }, "distillation's scaleDirection is 1", 'from 0 to below 1'],
    ['a negative scale', { 'scale-time': -0.5 }, "'-0.5' is invalid", '0 or more'],
    ['a batch beyond the trajectories', { batch: 600 }, '512 trajectories do not fill one batch', 'smaller'],
    ['one validation trajectory', { validation: 1 }, "'1' is invalid", 'from 2'],
    ['a seed beyond 2^40', { seed: 2 ** 41 }, "'2199023255552' is invalid", 'whole number'],
    ['another kind of file', { out: at('p.json') }, 'only .safetensors files', 'ends in .safetensors'],
    ['an unknown field', { field: 'rign' }, "field 'rign'", "did you mean 'ring'?"],
  ];

  it.each(cases)('%s', async (_, options, ...expected) => {
    const before = await readdir(folder);
    const { status, stdout, stderr } = await inProcess(distilling(options));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    for (const fragment of expected) expect(stderr).toContain(fragment);
    expect(await readdir(folder)).toEqual(before);
  });

  it('a field that is no number', async () => {
    await writeFile(
      at('nan.wgsl'),
      'fn denoise(x: array<f32, 2>, sigma: f32) -> array<f32, 2> {\n  return array<f32, 2>(x[0], sqrt(-sigma));\n}\n',
    );
    const { status, stderr } = await inProcess(distilling({ field: at('nan.wgsl'), dim: 2 }));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: .*(NaN|not finite)/m);
  });
});

test(
  'Ctrl-C ends a training with status 130, and keeps what is learned beside what was asked for',
  async () => {
    const before = await readdir(folder);
    const running = start(distilling({ nfe: '5,7', iterations: 100_000 }));
    await said(
      running,
      /^\d+ of 100000 iterations at NFE 5, \d+ s left, \S+: loss \S+, error \S+,.* r \S+ \S+ \S+$/m,
    );
    running.child.kill('SIGINT');
    const { status, stdout, stderr } = await running.outcome;
    const partial = at('never.partial.safetensors');
    expect({ status, stderr }).toEqual({
      status: 130,
      stderr: expect.stringContaining(
        `error: stopped early: ${partial} has what was learned by then, which lacks NFE 7\n  use it as it is`,
      ),
    });
    expect(stderr).toContain('SIGINT: keeping what is learned by now');
    expect(stdout).toContain(`${partial}: `);
    const after = await readdir(folder);
    expect(after.filter((name) => !before.includes(name))).toEqual(['never.partial.safetensors']);
    const { predictor, training } = await loadPredictor(partial);
    expect(predictor).toMatchObject({ kind: 'table', schedules: [{ nfe: 5 }] });
    expect(training).toMatchObject({ endedEarly: true });
    expect(training!.iterations).toBeGreaterThan(0);
    expect(training!.iterations).toBeLessThan(100_000);
    const [{ start: begun, best }] = training!.scores;
    expect(best.mean).toBeLessThanOrEqual(begun.mean!);
  },
  SLOW,
);

beforeAll(build);

test('without iterations the start is kept', async () => {
  await distilled('start.safetensors', { iterations: 0, nfe: 3 });
  const { training, predictor } = await loadPredictor(at('start.safetensors'));
  const [{ start: begun, best }] = training!.scores;
  expect(best).toEqual(begun);
  if (predictor.kind !== 'table') throw new Error('it was a table');
  const [{ answers }] = predictor.schedules;
  // Each step's r is searched too.
  for (const { r, ...scales } of answers) {
    expect(r).toBeGreaterThan(0);
    expect(r).toBeLessThan(1);
    expect(scales).toEqual({ direction: 1, time: 1 });
  }
});
