import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../src/execute/fingerprint.js';
import { parseArray } from '../../src/io/parse.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { MlpReference } from '../../src/mlp/reference.js';
import { loadGenerator, saveGenerator } from '../../src/node/generator.js';
import { saveModel } from '../../src/node/model.js';
import { parseResults } from '../../src/report/parse-results.js';
import { drawLatents } from '../../src/rng/latents.js';
import { random } from '../../src/rng/random.js';
import { randomParameters, SLOW } from '../mlp/fixtures.js';
import { build, flags, inProcess, start } from './command.js';

let folder: string;
const inFolder = (name: string) => join(folder, name);
const bytes = (name: string) => readFile(inFolder(name));

const config = mlpConfig({ dim: 2, width: 32, layers: 2, classes: 2 });
const scaling = { offset: 100, scale: 10 };

/** A short run on a small network of two classes, whose data were scaled. */
const run = (out: string, changes: Parameters<typeof flags>[0] = {}) => {
  const settings = {
    batch: 32,
    steps: 120,
    'measure-every': 40,
    samples: 300,
    seed: 3,
    alpha: 1.2,
    'ema-half-life': 1000,
  };
  return [
    'sid',
    ...flags({ teacher: inFolder('teacher.safetensors'), ...settings, out: inFolder(out), ...changes }),
  ];
};
const resumed = (out: string, checkpoint: string, changes: Parameters<typeof flags>[0] = {}) => [
  'sid',
  ...flags({ resume: inFolder(checkpoint), out: inFolder(out), ...changes }),
];

beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'fewstep-sid-'));
  const parameters = randomParameters(config, random(1));
  await saveModel(inFolder('teacher.safetensors'), { config, parameters, scaling, labelNames: ['a', 'b'] });
  const plain = mlpConfig({ dim: 3, width: 32, layers: 2 });
  const other = { config: plain, parameters: randomParameters(plain, random(2)) };
  await saveModel(inFolder('other.safetensors'), other);
});
afterAll(() => rm(folder, { recursive: true }));

describe('fewstep sid', () => {
  test(
    'writes a generator, its curve and its report, and says what it takes before it starts',
    async () => {
      const { status, stdout, stderr } = await inProcess([...run('g.safetensors'), '--json']);
      expect(status, stderr).toBe(0);
      expect(stderr).toMatch(/MiB on the device: teacher .* MiB, fake score .* MiB, generator .* MiB/);
      const { record } = JSON.parse(stdout);
      const generator = await loadGenerator(inFolder('g.safetensors'));
      expect(generator).toMatchObject({ config, scaling, labelNames: ['a', 'b'], sigma: 2.5 });
      expect(generator.record).toEqual(record);
      expect(record.settings).toMatchObject({ loss: 'l2-alpha-l1', alpha: 1.2, steps: 120, batch: 32 });
      const { teacher, fake, generator: own, batch, total } = record.memory;
      expect(teacher + fake + own + batch).toBe(total);
      expect(own).toBe(fake);
      expect(teacher).toBeLessThan(fake);
      const [header, ...lines] = (await readFile(inFolder('g.distances.csv'), 'utf8')).trim().split('\n');
      expect(header).toBe('step,generator_loss,fake_loss,sliced_wasserstein,energy,frechet');
      const rows = lines.map((line) => line.split(',').map(Number));
      expect(rows.map(([step]) => step)).toEqual([0, 40, 80, 120]);
      // The nearest state is what is kept.
      const nearest = rows.reduce((a, b) => (b[3] < a[3] ? b : a));
      expect(record.step).toBe(nearest[0]);
      expect(record.distances.generator.slicedWasserstein).toBe(nearest[3]);
      expect((await readdir(folder)).filter((name) => name.startsWith('g.')).sort()).toEqual([
        'g.distances.csv',
        'g.report.html',
        'g.safetensors',
      ]);
      const report = await readFile(inFolder('g.report.html'), 'utf8');
      expect(report).toContain('<h1>g.safetensors: one step in place of teacher.safetensors</h1>');
      expect(report.match(/class="plot"/g)).toHaveLength(3);
    },
    SLOW,
  );

  test(
    'its generator makes a sample of a class with one evaluation, which is D at the latents',
    async () => {
      const options = { generator: inFolder('g.safetensors'), label: 'b', batch: 50, seed: 4 };
      const sampled = ['sample', ...flags({ ...options, out: inFolder('x.npy') }), '--json'];
      const { status, stdout, stderr } = await inProcess(sampled);
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ solver: 'one-step', nfe: 1, evaluations: 1, batch: 50 });
      const { values } = parseArray('x.npy', await bytes('x.npy'));
      const { parameters } = await loadGenerator(inFolder('g.safetensors'));
      const network = new MlpReference(config, parameters);
      const latents = drawLatents(4, 0, 50, 2, 2.5);
      for (let row = 0; row < 50; row++) {
        const { denoised } = network.forward(latents.subarray(2 * row, 2 * row + 2), 2.5, 1);
        for (let d = 0; d < 2; d++) {
          // WGSL's normals err by up to 0.004 (test/rng), times 2.5 and what the network makes of it.
          expect(Math.abs(values[2 * row + d] - (100 + 10 * denoised[d]))).toBeLessThan(0.5);
        }
      }
    },
    SLOW,
  );

  test(
    'its generator is a row of the benchmark at NFE 1, in the units of the data',
    async () => {
      const field = {
        field: inFolder('teacher.safetensors'),
        label: 'a',
        generator: inFolder('g.safetensors'),
      };
      const asked = { ...field, solvers: 'euler', nfe: 4, batch: 64, 'exact-nfe': 16, out: inFolder('run') };
      const { status, stderr } = await inProcess(['bench', ...flags(asked)]);
      expect(status, stderr).toBe(0);
      const results = parseResults(JSON.parse(await readFile(join(inFolder('run'), 'results.json'), 'utf8')));
      const cells = results.cells.map(({ solver, nfe, answers, evaluations }) => ({
        solver,
        nfe,
        answers,
        evaluations,
      }));
      expect(results.cells.find(({ solver }) => solver === 'g')!.error).toBeUndefined();
      expect(cells).toContainEqual({ solver: 'g', nfe: 1, answers: 'generator', evaluations: 1 });
      expect(cells).toContainEqual({ solver: 'euler', nfe: 1, answers: undefined, evaluations: 1 });
      const other = { ...asked, field: inFolder('other.safetensors'), label: undefined };
      const refused = await inProcess(['bench', ...flags(other)]);
      expect(refused).toMatchObject({ status: 2, stderr: expect.stringMatching(/no --label is given/) });
    },
    SLOW,
  );

  test(
    'the benchmark says where a field is not the teacher of a generator',
    async () => {
      const small = mlpConfig({ dim: 2, width: 32, layers: 2 });
      const [own, foreign] = [3, 4].map((seed) => ({
        config: small,
        parameters: randomParameters(small, random(seed)),
      }));
      await saveModel(inFolder('own.safetensors'), own);
      await saveModel(inFolder('foreign.safetensors'), foreign);
      const teacher = await fingerprintOf(mlpField(own));
      await saveGenerator(inFolder('small.safetensors'), { ...own, sigma: 2.5, teacher });
      const asked = {
        ...{ generator: inFolder('small.safetensors'), solvers: 'ancestral', nfe: 2 },
        ...{ batch: 32, 'exact-nfe': 8 },
      };
      const compared = (field: string) =>
        inProcess(['bench', ...flags({ ...asked, field: inFolder(field), out: inFolder(`by-${field}`) })]);
      const [known, unknown] = [await compared('own.safetensors'), await compared('foreign.safetensors')];
      expect(known.stderr).not.toContain('note');
      expect(unknown.stderr).toContain(
        `note: foreign.safetensors: ${inFolder('small.safetensors')} was distilled from another model\n`,
      );
      // Neither row has an end-point error.
      expect(known.stdout).toMatch(
        /sliced Wasserstein distance of solvers that draw noise and of generators .*\nNFE +1 +2\nancestral +[\d.]+ +[\d.]+\nsmall +[\d.]+ +-\n/,
      );
    },
    SLOW,
  );

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'stopped by %s, it goes on to the same generator, to the last bit',
    async (signal) => {
      const [out, checkpoint] = [`${signal}.safetensors`, `${signal}.checkpoint.safetensors`];
      const running = start(run(out, { 'checkpoint-every': 0, 'no-report': true }));
      while (!existsSync(inFolder(checkpoint)) && running.child.exitCode === null) await pause(5);
      await pause(Math.random() * 100);
      running.child.kill(signal);
      const { status, stderr } = await running.outcome;
      expect(status).toBe(signal === 'SIGINT' ? 130 : null);
      if (signal === 'SIGINT')
        expect(stderr).toMatch(/stopped after \d+ of 120 steps\n {2}go on with: fewstep sid/);
      expect((await inProcess(resumed(out, checkpoint, { 'no-report': true }))).status).toBe(0);
      expect(await bytes(out)).toEqual(await bytes('g.safetensors'));
      expect(await bytes(`${signal}.distances.csv`)).toEqual(await bytes('g.distances.csv'));
      expect(await readdir(folder)).not.toContain(checkpoint);
    },
    SLOW,
  );

  test(
    'a run that breaks says where and in which network, keeps its last checkpoint, and goes on at other rates',
    async () => {
      const [out, checkpoint] = ['broken.safetensors', 'broken.checkpoint.safetensors'];
      const rates = { lr: 1e20, 'fake-lr': 1e-4, 'checkpoint-every': 0 };
      const { status, stderr } = await inProcess(run(out, rates));
      expect(status).toBe(2);
      expect(stderr).toMatch(
        /broke at step \d+: the loss or gradient of the (generator|fake score) is not finite/,
      );
      expect(stderr).toMatch(/go on from the last checkpoint with smaller rates: fewstep sid --resume/);
      expect(existsSync(inFolder(out))).toBe(false);
      const kept = await bytes(checkpoint);
      // As it began it breaks at the same step again, and leaves the checkpoint as it was.
      const again = await inProcess(resumed(out, checkpoint));
      expect(again.status).toBe(2);
      expect(/at step \d+/.exec(again.stderr)![0]).toBe(/at step \d+/.exec(stderr)![0]);
      expect(await bytes(checkpoint)).toEqual(kept);
    },
    SLOW,
  );

  test(
    'refuses what cannot be, with what to do',
    async () => {
      const out = inFolder('never.safetensors');
      const cut = (await bytes('teacher.safetensors')).subarray(0, 3000);
      await writeFile(inFolder('cut.safetensors'), cut);
      await writeFile(inFolder('text.safetensors'), 'no model');
      const teacher = ['--teacher', inFolder('teacher.safetensors')];
      const refusals: [string[], RegExp][] = [
        [['--out', out], /there is no teacher\n {2}give --teacher or --resume/],
        [['--out', inFolder('teacher.safetensors'), ...teacher], /--out and --teacher name the same file/],
        [['--out', out, '--teacher', inFolder('g.safetensors')], /is a generator, not a model/],
        [['--out', out, '--teacher', inFolder('cut.safetensors')], /cut.safetensors .*truncated/],
        [['--out', out, '--teacher', inFolder('text.safetensors')], /text.safetensors /],
        [['--out', out, '--teacher', inFolder('nothing.safetensors')], /there is no such file/],
        [['--out', out, ...teacher, '--loss', 'l4'], /Allowed choices are l2-alpha-l1, l1, l2, l3/],
        [['--out', out, ...teacher, '--loss', 'l1', '--alpha', '1'], /--alpha says nothing to --loss l1/],
        [['--out', out, ...teacher, '--alpha', '3'], /alpha is 3\n {2}give a number from 0 to 2/],
        [['--out', out, ...teacher, '--lr', '0'], /number above 0/],
        [['--out', out, ...teacher, '--batch', '0'], /whole number from 1/],
        [['--out', out, ...teacher, '--image', '8x8'], /no images of 8 x 8/],
        [['--out', inFolder('x.npy'), ...teacher], /only .safetensors files are written/],
        [['--out', out, '--resume', inFolder('g.safetensors')], /is a generator, not a checkpoint/],
        [
          ['--out', out, '--resume', inFolder('broken.checkpoint.safetensors'), '--steps', '9'],
          /--steps does not go with --resume/,
        ],
      ];
      for (const [args, message] of refusals) {
        const { status, stderr } = await inProcess(['sid', ...args]);
        expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
      }
      expect(existsSync(out)).toBe(false);
      const sampling: [Parameters<typeof flags>[0], RegExp][] = [
        [{ generator: inFolder('g.safetensors') }, /no --label is given\n {2}give a label of a, b \(in code/],
        [{ generator: inFolder('g.safetensors'), label: 'c' }, /unknown label 'c'/],
        [{ generator: inFolder('g.safetensors'), label: 'a', guidance: 2 }, /--guidance does not apply/],
        [{ generator: inFolder('g.safetensors'), label: 'a', dim: 2 }, /--dim does not apply to a generator/],
        [{ generator: inFolder('g.safetensors'), solver: 'euler' }, /cannot be used with option '--solver/],
        [{ generator: inFolder('teacher.safetensors') }, /is a model, not a generator/],
        [{ field: inFolder('g.safetensors'), solver: 'euler', nfe: 3 }, /is a generator, not a model/],
        [{}, /neither --field nor --generator is given/],
      ];
      for (const [options, message] of sampling) {
        const { status, stderr } = await inProcess([
          'sample',
          ...flags({ ...options, out: inFolder('y.npy') }),
        ]);
        expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
      }
    },
    SLOW,
  );
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
