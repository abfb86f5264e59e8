import { afterAll, expect, test } from 'vitest';
import type { MlpModel } from '../../src/mlp/field.js';
import { decodeSidCheckpoint, encodeSidCheckpoint } from '../../src/sid/checkpoint-file.js';
import { SidRun } from '../../src/sid/run.js';
import { type SidLoss, sidSettings } from '../../src/sid/settings.js';
import { SidTrainer, type SidTrainerOptions } from '../../src/sid/trainer.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { randomSid } from './fixtures.js';

const seed = freshSeed();
const made: { destroy(): void }[] = [];
afterAll(() => {
  for (const each of made) each.destroy();
});

async function trainer(options: SidTrainerOptions): Promise<SidTrainer> {
  const one = await SidTrainer.create(gpu, options);
  made.push(one);
  return one;
}

test(
  'the same seed gives the same bits, in one submit or in several',
  async () => {
    const options = randomSid(seed);
    const [one, several, other] = await Promise.all([
      trainer(options),
      trainer(options),
      trainer(randomSid(seed, { seed: seed + 1 })),
    ]);
    one.submit(7);
    for (const count of [3, 1, 3]) several.submit(count);
    other.submit(7);
    const last = await several.figures();
    const all = await one.figures();
    expect(last.firstStep).toBe(4);
    expect(last.generator.losses).toEqual(all.generator.losses.slice(4));
    expect(last.fake.losses).toEqual(all.fake.losses.slice(4));
    const state = await one.state();
    expect(await several.state()).toEqual(state);
    expect((await other.state()).generator.parameters).not.toEqual(state.generator.parameters);
  },
  SLOW,
);

test(
  'a run that goes on from its checkpoint is the one that never stopped',
  async () => {
    const { config, teacher: parameters } = randomSid(seed, {}, { classes: 2 });
    const teacher: MlpModel = {
      config,
      parameters,
      labelNames: ['a', 'b'],
      scaling: { offset: 3, scale: 2 },
    };
    const settings = sidSettings({ seed, batch: 37, steps: 12, rate: 0.003 });
    const options = { teacher, settings, measureEvery: 5, samples: 300 };
    const start = async (progress?: Parameters<typeof SidRun.create>[1]['progress']) => {
      const run = await SidRun.create(gpu, { ...options, progress });
      made.push(run);
      return run;
    };
    const whole = await start();
    while (whole.step < 7) await whole.advance(7 - whole.step);
    const bytes = encodeSidCheckpoint({
      ...options,
      teacherName: 'teacher',
      progress: await whole.progress(),
    });
    const { progress, ...read } = decodeSidCheckpoint(bytes, 'the checkpoint');
    expect(read).toEqual({ ...options, teacherName: 'teacher' });
    const resumed = await start(progress);
    expect(resumed.step).toBe(7);
    for (const run of [whole, resumed]) while (run.step < 12) await run.advance(128);
    const last = await whole.progress();
    expect(last.history.map(({ step }) => step)).toEqual([0, 5, 10, 12]);
    // Of the fake score's average nobody knows, and it is not kept.
    const { fake, ...rest } = await resumed.progress();
    expect({ ...rest, fake: { ...fake, average: last.fake.average } }).toEqual(last);
    expect(last.best.distances.slicedWasserstein).toBe(
      Math.min(...last.history.map(({ distances }) => distances.slicedWasserstein)),
    );
  },
  SLOW,
);

test.each(['fake', 'generator'] as const)(
  'what is not finite is named with its step and network, and both keep what they were before (%s)',
  async (broken) => {
    // The first update leaves parameters of 1e30, whose products overflow in the second.
    const rates = broken === 'fake' ? { fakeRate: 1e30, rate: 1e-9 } : { rate: 1e30, fakeRate: 1e-9 };
    const training = await trainer(randomSid(seed, rates));
    training.submit(1, [broken]);
    await training.figures();
    const { fake, generator } = await training.state();
    training.submit(3);
    const name = broken === 'fake' ? 'fake score' : 'fake score|generator';
    await expectRefused([
      'divergence',
      () => training.figures(),
      'not-finite',
      new RegExp(`broke at step 1: the loss or gradient of the (${name}) is not finite`),
      new RegExp(`smaller learning rate of the (${name})`),
    ]);
    const after = await training.state();
    expect(after.fake.parameters).toEqual(fake.parameters);
    expect(after.generator.parameters).toEqual(generator.parameters);
  },
  SLOW,
);

test('bad requests are refused with the place', async () => {
  const options = randomSid(seed);
  const training = await trainer(options);
  const refusals: Refusal[] = [
    ['steps', () => training.submit(129), 'bad-argument', /129 steps/, /1 to 128/],
    [
      'parameters',
      () => SidTrainer.create(gpu, { ...options, teacher: options.teacher.subarray(4) }),
      'bad-shape',
      /parameters were given for a network/,
      /belong to this configuration/,
    ],
    [
      'a state of another network',
      async () => {
        const state = await training.state();
        const fake = { ...state.fake, second: state.fake.second.subarray(1) };
        return SidTrainer.create(gpu, { ...options, state: { ...state, fake } });
      },
      'bad-shape',
      /numbers of 'second', for a network of/,
      /state of this network/,
    ],
    [
      'a loss of the options',
      () => SidTrainer.create(gpu, { ...options, settings: { ...options.settings, loss: 'l4' as SidLoss } }),
      'unknown-name',
      /'l4'/,
      /l2-alpha-l1/,
    ],
    ['loss', () => sidSettings({ loss: 'l4' as SidLoss }), 'unknown-name', /'l4'/, /l2-alpha-l1/],
    ['alpha', () => sidSettings({ alpha: -1 }), 'bad-argument', /alpha is -1/, /0 to 2/],
    ['sigma', () => sidSettings({ sigmaMin: 90 }), 'bad-argument', /sigmaMin, 90/, /smaller sigmaMin/],
  ];
  for (const refusal of refusals) await expectRefused(refusal);
});
