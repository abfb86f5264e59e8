import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/node/model.js';
import { random } from '../../src/rng/random.js';
import { SLOW } from '../mlp/fixtures.js';
import { build, flags, inProcess, start } from './command.js';

/** Not the defaults, so that a resumed run that took these would end with another model. */
const UNUSUAL = {
  ema: 0.99,
  'label-drop': 0.3,
  embedding: 'positional',
  'embedding-size': 24,
  'embedding-scale': 0.5,
};

let folder: string;
const inFolder = (name: string) => join(folder, name);
const bytes = (name: string) => readFile(inFolder(name));

/** A small network on labelled data far from [-1, 1]. */
const run = (out: string, changes: Parameters<typeof flags>[0] = {}) => {
  const network = { width: 32, layers: 2, batch: 32, steps: 400, warmup: 10, seed: 3, ...UNUSUAL };
  const data = { data: inFolder('points.csv'), labels: 'kind', scale: true as const };
  return ['train', ...flags({ ...data, ...network, out: inFolder(out), ...changes })];
};
const resumed = (out: string, checkpoint: string) => [
  'train',
  ...flags({ resume: inFolder(checkpoint), out: inFolder(out) }),
];

beforeAll(async () => {
  build();
  folder = await mkdtemp(join(tmpdir(), 'fewstep-train-'));
  const draw = random(1);
  const rows = Array.from(
    { length: 300 },
    (_, i) => `${100 + 10 * draw.normal()},${50 * (i % 2)},${'ab'[i % 2]}`,
  );
  await writeFile(inFolder('points.csv'), `x,y,kind\n${rows.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

describe('fewstep train', () => {
  test(
    'writes a model, its loss curve, and what it did',
    async () => {
      const { status, stdout } = await inProcess([...run('model.safetensors'), '--json']);
      expect(status).toBe(0);
      const { training } = JSON.parse(stdout);
      const model = await loadModel(inFolder('model.safetensors'));
      expect(model.config).toMatchObject({
        dim: 2,
        classes: 2,
        width: 32,
        layers: 2,
        embedding: { kind: 'positional', size: 24, scale: 0.5 },
      });
      expect(model.training).toEqual(training);
      expect(model.labelNames).toEqual(['a', 'b']);
      const [header, ...lines] = (await readFile(inFolder('model.loss.csv'), 'utf8')).trim().split('\n');
      expect(header).toBe('step,training,validation');
      expect(lines.map((line) => Number(line.split(',')[0]))).toEqual([
        50, 100, 150, 200, 250, 300, 350, 400,
      ]);
      expect(lines[7]).toBe(`400,${training.losses.training},${training.losses.validation}`);
      const validation = lines.map((line) => Number(line.split(',')[2]));
      expect(validation[7]).toBeLessThan(validation[0]);
      expect((await readdir(folder)).sort()).toEqual([
        'model.loss.csv',
        'model.report.html',
        'model.safetensors',
        'points.csv',
      ]);
      const report = await readFile(inFolder('model.report.html'), 'utf8');
      expect(report).toContain('<h1>model.safetensors: a denoiser of points.csv</h1>');
      expect(report.match(/class="plot"/g)).toHaveLength(3);
    },
    SLOW,
  );

  test.each<[string, Parameters<typeof flags>[0]]>([
    ['--ema', { ema: 0.5 }],
    ['--label-drop', { 'label-drop': 0.9 }],
    ['--embedding', { embedding: 'fourier' }],
    ['--embedding-scale', { 'embedding-scale': 1 }],
  ])(
    '%s changes the model',
    async (_, change) => {
      expect((await inProcess(run('other.safetensors', { ...change, 'no-report': true }))).status).toBe(0);
      const [model, other] = await Promise.all(
        ['model', 'other'].map((name) => loadModel(inFolder(`${name}.safetensors`))),
      );
      expect(other.parameters).toHaveLength(model.parameters.length);
      expect(other.parameters).not.toEqual(model.parameters);
      expect(await readdir(folder)).not.toContain('other.report.html');
      await Promise.all(['other.safetensors', 'other.loss.csv'].map((name) => rm(inFolder(name))));
    },
    SLOW,
  );

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'stopped by %s, it goes on to the same model, to the last bit',
    async (signal) => {
      const [out, checkpoint] = [`${signal}.safetensors`, `${signal}.checkpoint.safetensors`];
      const running = start(run(out, { 'checkpoint-every': 0 }));
      while (!existsSync(inFolder(checkpoint))) await pause(5);
      await pause(Math.random() * 200);
      running.child.kill(signal);
      const { status, stderr } = await running.outcome;
      expect(status).toBe(signal === 'SIGINT' ? 130 : null);
      if (signal === 'SIGINT') expect(stderr).toMatch(STOPPED);
      expect((await inProcess(resumed(out, checkpoint))).status).toBe(0);
      expect(await bytes(out)).toEqual(await bytes('model.safetensors'));
      expect(await bytes(`${signal}.loss.csv`)).toEqual(await bytes('model.loss.csv'));
      expect(await readdir(folder)).not.toContain(checkpoint);
      if (signal === 'SIGKILL') return;
      // Another one over it, which is stopped, leaves its model and its curve.
      const again = start(run(out, { 'checkpoint-every': 0 }));
      while (!existsSync(inFolder(checkpoint))) await pause(5);
      again.child.kill(signal);
      expect((await again.outcome).status).toBe(130);
      expect(await bytes(out)).toEqual(await bytes('model.safetensors'));
      expect(await bytes(`${signal}.loss.csv`)).toEqual(await bytes('model.loss.csv'));
      await rm(inFolder(checkpoint));
    },
    SLOW,
  );

  test(
    'refuses what cannot be, with what to do',
    async () => {
      const checkpoint = join(folder, 'early.checkpoint.safetensors');
      const early = start(run('early.safetensors', { 'checkpoint-every': 0 }));
      while (!existsSync(checkpoint)) await pause(5);
      early.child.kill('SIGKILL');
      await early.outcome;
      const out = inFolder('refused.safetensors');
      const resume = ['--resume', checkpoint];
      const refusals: [args: string[], message: RegExp][] = [
        [['--out', out], /nothing to train on\n {2}give --problem/],
        [['--out', out, '--problem', 'rng'], /unknown problem 'rng'\n {2}did you mean 'ring'/],
        [['--out', out, '--problem', 'ring', '--scale'], /--scale does not apply to a problem/],
        [['--out', out, '--problem', 'ring', '--width', '34'], /width is 34\n {2}give a multiple of 4/],
        [
          ['--out', out, '--problem', 'ring', '--ema', '1'],
          /emaDecay is 1\n {2}give a number from 0 to below 1/,
        ],
        [['--out', out, '--problem', 'ring', '--ema', 'x'], /'x' is invalid.*number of 0 or more/s],
        [
          ['--out', out, '--problem', 'ring', '--label-drop', '0.2'],
          /--label-drop says something about --labels/,
        ],
        [
          run('refused.safetensors', { 'label-drop': 1.5 }).slice(1),
          /labelDrop is 1.5\n {2}give a number from 0 to 1/,
        ],
        [
          ['--out', out, '--problem', 'ring', '--embedding', 'fourrier'],
          /Allowed choices are fourier, positional/,
        ],
        [
          ['--out', out, '--problem', 'ring', '--embedding-size', '12'],
          /embedding.size is 12\n {2}give a multiple of 8/,
        ],
        [['--out', out, '--problem', 'ring', '--embedding-scale', '0'], /'0' is invalid.*number above 0/s],
        [['--out', out, ...resume, '--ema', '0.9'], /--ema does not go with --resume/],
        [['--out', out, ...resume, '--embedding-size', '8'], /--embedding-size does not go with --resume/],
        [['--out', out, '--problem', 'ring', '--image', '3x1'], /no images of 3 x 1/],
        [['--out', out, '--problem', 'ring', '--image', '3'], /Give height x width/],
        [['--out', inFolder('x.npy'), '--problem', 'ring'], /only .safetensors files are written/],
        [['--out', out, ...resume, '--weight-decay', '1'], /--weight-decay does not go with --resume/],
        [['--out', out, '--resume', inFolder('model.safetensors')], /is a model, not a checkpoint/],
      ];
      for (const [args, message] of refusals) {
        const { status, stderr } = await inProcess(['train', ...args]);
        expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
      }
      await writeFile(inFolder('points.csv'), `${await readFile(inFolder('points.csv'), 'utf8')}1,2,a\n`);
      const changed = await inProcess(['train', '--out', out, ...resume]);
      expect(changed.stderr).toMatch(/points.csv has changed since the run of .* began/);
      expect(existsSync(out)).toBe(false);
    },
    SLOW,
  );
});

const STOPPED = /error: stopped after \d+ of 400 steps\n {2}go on with: fewstep train --resume/;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
