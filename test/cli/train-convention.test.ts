import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, test } from 'vitest';
import { loadModel } from '../../src/node/model.js';
import { SLOW } from '../mlp/fixtures.js';
import { build, flags, inProcess, start } from './command.js';

const folder = await mkdtemp(join(tmpdir(), 'fewstep-convention-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const modules: Record<string, string> = {
  'own.mjs':
    'export const alphaBar = (t) => Math.cos(t);\nexport const betaBar = (t) => Math.sin(t);\nexport const range = { min: 0, max: 1.56 };',
  'short.mjs':
    'export const alphaBar = () => 1;\nexport const betaBar = (t) => t;\nexport const range = { min: 0.01, max: 40 };',
  'half.mjs': 'export const alphaBar = () => 1;\nexport const range = { min: 0, max: 1 };',
  'endless.mjs': 'export const alphaBar = () => 1, betaBar = (t) => t;',
  'falling.mjs': 'export const alphaBar = () => 1, betaBar = (t) => 1 - t / 2, range = { min: 0, max: 1 };',
  'throwing.mjs':
    'export const alphaBar = (t) => nothing(t), betaBar = (t) => t, range = { min: 0, max: 1 };',
  'broken.mjs': 'export const alphaBar = (t) =>',
  'bent.mjs':
    'export const alphaBar = () => 1, betaBar = (t) => (t < 0.5 ? t : 5 * t - 2), range = { min: 0, max: 1 };',
};
for (const [name, content] of Object.entries(modules)) await writeFile(at(name), content);

const training = (options: Parameters<typeof flags>[0]) => [
  'train',
  ...flags({ problem: 'two-moons', width: 32, layers: 2, batch: 32, steps: 60, warmup: 5, ...options }),
];

test(
  "trains with a process of one's own, goes on after a stop without the module, and samples",
  async () => {
    build();
    const options = { process: at('own.mjs'), prediction: 'v', steps: 1500, 'checkpoint-every': 0 };
    const { child, outcome } = start(training({ ...options, out: at('stopped.safetensors') }));
    const checkpoint = at('stopped.checkpoint.safetensors');
    while (!(await readdir(folder)).includes('stopped.checkpoint.safetensors')) {
      await new Promise((resume) => setTimeout(resume, 50));
    }
    child.kill('SIGINT');
    expect((await outcome).status).toBe(130);
    await rm(at('own.mjs'));
    const resumed = await inProcess(['train', '--resume', checkpoint, '--out', at('stopped.safetensors')]);
    expect(resumed.status).toBe(0);
    await writeFile(at('own.mjs'), modules['own.mjs']);
    const whole = await inProcess(training({ ...options, out: at('whole.safetensors') }));
    expect(whole.status).toBe(0);
    const [once, twice] = [
      await loadModel(at('whole.safetensors')),
      await loadModel(at('stopped.safetensors')),
    ];
    expect(twice).toEqual(once);
    expect(once.training?.loss).toBe('prediction');
    expect(once.config.convention).toMatchObject({ prediction: 'v', process: { name: 'own' } });
    expect(await readFile(at('whole.report.html'), 'utf8')).toContain('v of the process own');
    const sampled = await inProcess([
      'sample',
      ...flags({ field: at('whole.safetensors'), solver: 'unipc-2', nfe: 8, out: at('x.npy') }),
    ]);
    expect(sampled.status).toBe(0);
  },
  4 * SLOW,
);

test(
  'a process that ends early is assessed, and sampled, within its noise levels',
  async () => {
    const out = at('short.safetensors');
    const made = await inProcess([
      ...training({ process: at('short.mjs'), prediction: 'eps', out }),
      '--json',
    ]);
    expect(made.status).toBe(0);
    const { config, settings } = JSON.parse(made.stdout);
    expect(config.convention).toEqual({ process: 'short', prediction: 'eps' });
    expect(settings).toMatchObject({ loss: 'prediction', weighting: 'prediction' });
    const page = await readFile(at('short.report.html'), 'utf8');
    expect(page).toContain('σ from 40 to 0.01, where the model’s process ends');
    const coarse = { field: out, solver: 'euler', nfe: 3, out: at('y.npy') };
    expect((await inProcess(['sample', ...flags(coarse)])).status).toBe(0);
    const [data, folder] = [at('y.npy'), at('ranged')];
    const measured = { field: out, solvers: 'euler', nfe: 3, batch: 8, out: folder };
    expect((await inProcess(['bench', ...flags(measured)])).status).toBe(0);
    const { run } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'));
    expect([run.sigmaMin, run.sigmaMax]).toEqual([expect.closeTo(0.01, 9), expect.closeTo(40, 9)]);
    const beyond: Record<string, Parameters<typeof flags>[0]> = {
      sample: coarse,
      'sample ': { field: out, rtol: 0.001, out: at('z.npy') },
      bench: measured,
      analyze: { field: out, nfe: 60, trajectories: 8, out: at('analysed') },
      likelihood: { field: out, data, nfe: 8, out: at('l.npy') },
      distill: { ...coarse, solver: 'bespoke', out: at('p.safetensors') },
      'distill ': { ...coarse, solver: 'amed', nfe: 4, out: at('p.safetensors') },
      'distill  ': { ...coarse, solver: 'unipc-2', out: at('p.safetensors') },
    };
    for (const [command, options] of Object.entries(beyond)) {
      const told = await inProcess([command.trim(), ...flags({ ...options, 'sigma-max': 80 })]);
      expect(told, command).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/sigma 80 .* from 0\.01 to 40 .*\n.*sigma_max 40 or less/),
      });
    }
  },
  SLOW,
);

const own = { process: at('own.mjs'), prediction: 'v' };
const refusals: [string, Parameters<typeof flags>[0], ...string[]][] = [
  ['a process alone', { process: 'flow' }, 'without --prediction', 'velocity'],
  ['a process of no loss', { process: 'vp-linear', loss: 'edm' }, 'without --prediction', '--loss score-sde'],
  [
    'a process that a loss has not',
    { process: 'flow', loss: 'score-sde' },
    'no process flow',
    've-geometric or',
  ],
  ['a prediction alone', { prediction: 'eps' }, 'without --process', 'fewstep processes'],
  ['another prediction', { ...own, prediction: 'epsilon' }, "'epsilon' is invalid", 'eps, x0, v'],
  ['an unknown process', { ...own, process: 'vp-liner' }, "'vp-liner'", "did you mean 'vp-linear'?"],
  ['an unknown option of it', { ...own, process: 've:min=3' }, "no option 'min'", 'it takes: max'],
  ['a loss with a process of its own', { ...own, loss: 'score-sde' }, 'process of its own', 'leave it out'],
  ['a weighting alone', { weighting: 'min-snr' }, '--weighting says', '--prediction'],
  ['two weightings', { ...own, loss: 'edm', weighting: 'min-snr' }, '--loss prediction', 'leave out one'],
  ['a loss alone', { loss: 'prediction' }, '--loss prediction says', '--process'],
  ['no module', { ...own, process: at('none.mjs') }, 'none.mjs: there is no such file', 'check the path'],
  ['a broken module', { ...own, process: at('broken.mjs') }, 'cannot load', 'export const alphaBar'],
  ['half a module', { ...own, process: at('half.mjs') }, "no function 'betaBar'", 'write: export'],
  ['a module without range', { ...own, process: at('endless.mjs') }, "no 'range'", 'write: export'],
  [
    'a ratio that falls',
    { ...own, process: at('falling.mjs') },
    'falling.mjs: ',
    'does not rise',
    'has to rise',
  ],
  [
    'a function that throws',
    { ...own, process: at('throwing.mjs') },
    'alphaBar(0) fails: nothing',
    'write: ',
  ],
  [
    'a kink',
    { ...own, process: at('bent.mjs') },
    'bent.mjs: ',
    'not smooth at time 0.',
    'without steps or kinks',
  ],
];

it.each(refusals)('refuses %s', async (_, options, ...expected) => {
  const before = await readdir(folder);
  const { status, stderr } = await inProcess(training({ ...options, out: at('refused.safetensors') }));
  expect(status).toBe(2);
  for (const fragment of expected) expect(stderr).toContain(fragment);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(await readdir(folder)).toEqual(before);
});
