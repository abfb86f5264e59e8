import { afterAll, expect, test } from 'vitest';
import { type LossName, trainingSettings, type WeightingName } from '../../src/train/settings.js';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';
import { expectRefused, type Refusal } from '../refusal.js';
import { freshSeed } from '../seed.js';
import { randomRun } from './fixtures.js';

const seed = freshSeed();
const trainers: Trainer[] = [];
afterAll(() => {
  for (const trainer of trainers) trainer.destroy();
});

async function trainer(options: TrainerOptions): Promise<Trainer> {
  const made = await Trainer.create(gpu, options);
  trainers.push(made);
  return made;
}

test(
  'the same seed gives the same bits, in one submit or in several',
  async () => {
    const options = randomRun(seed);
    const [one, several, other] = await Promise.all([
      trainer(options),
      trainer(options),
      trainer(randomRun(seed, { seed: seed + 1 })),
    ]);
    one.submit(9);
    for (const count of [4, 1, 4]) several.submit(count);
    other.submit(9);
    expect((await several.figures()).losses).toEqual((await one.figures()).losses.slice(5));
    const state = await one.state();
    expect(await several.state()).toEqual(state);
    expect((await other.state()).parameters).not.toEqual(state.parameters);
  },
  SLOW,
);

test(
  'a run that goes on from its state is the one that never stopped',
  async () => {
    const options = randomRun(seed, { weightDecay: 0.01, clip: 1, warmup: 6 });
    const whole = await trainer(options);
    whole.submit(5);
    const middle = await whole.state();
    whole.submit(6);
    const resumed = await trainer({ ...options, state: middle });
    expect(resumed.step).toBe(5);
    resumed.submit(6);
    expect(await resumed.figures()).toEqual(await whole.figures());
    expect(await resumed.state()).toEqual(await whole.state());
  },
  SLOW,
);

test(
  'a validation changes nothing and repeats',
  async () => {
    const options = randomRun(seed);
    const [validated, plain] = [await trainer(options), await trainer(options)];
    validated.submit(3);
    plain.submit(3);
    const loss = await validated.validate();
    expect(await validated.validate()).toBe(loss);
    validated.submit(2);
    plain.submit(2);
    expect(await validated.state()).toEqual(await plain.state());
    expect(await validated.validate()).not.toBe(loss);
  },
  SLOW,
);

test(
  'a step that is not finite is named, and the parameters before it are kept',
  async () => {
    // The first step leaves parameters of 1e30, whose products overflow in the second.
    const training = await trainer(randomRun(seed, { rate: 1e30 }));
    training.submit(1);
    const { parameters } = await training.state();
    training.submit(3);
    const figures = () => training.figures();
    await expectRefused(['divergence', figures, 'not-finite', /at step 1:/, /smaller learning rate/]);
    expect((await training.state()).parameters).toEqual(parameters);
  },
  SLOW,
);

test(
  'bad requests are refused with the place',
  async () => {
    const options = randomRun(seed);
    const { values, labels } = options.data;
    const broken = values.slice();
    broken[7] = Number.NaN;
    const create = (given: Partial<TrainerOptions>) => () => Trainer.create(gpu, { ...options, ...given });
    const foreign = new Uint32Array(50).fill(3, 20);
    const training = await trainer({ ...options, heldOut: undefined });
    const refusals: Refusal[] = [
      [
        'rows',
        create({ data: { values: values.subarray(1) } }),
        'bad-shape',
        /149 values are no rows of 3/,
        /rows x dim/,
      ],
      [
        'a NaN',
        create({ heldOut: { values: broken, labels } }),
        'not-finite',
        /held-out data has NaN in row 2, column 1/,
        /remove/,
      ],
      ['no labels', create({ data: { values } }), 'bad-shape', /0 labels for 50 rows/, /label for each row/],
      [
        'a label',
        create({ data: { values, labels: foreign } }),
        'bad-data',
        /label 3 in row 20/,
        /from 0 to 2/,
      ],
      [
        'a state of another network',
        create({ state: { ...(await training.state()), average: new Float32Array(8) } }),
        'bad-shape',
        /state has 8 numbers of 'average', for a network of/,
        /state of this network/,
      ],
      [
        'a step that is none',
        create({ state: { ...(await training.state()), step: 1.5 } }),
        'bad-argument',
        /step of the state is 1.5/,
        /whole number/,
      ],
      [
        'a loss of the options',
        create({ settings: { ...options.settings, loss: 'emd' as LossName } }),
        'unknown-name',
        /'emd'/,
        /mean 'edm'/,
      ],
      [
        'a beta that is 1 in float32',
        () => trainingSettings({ beta2: 0.999_999_99 }),
        'bad-argument',
        /beta2 is 0.99999999/,
        /at most 0.99999994/,
      ],
      [
        'an epsilon that is 0 in float32',
        () => trainingSettings({ epsilon: 1e-50 }),
        'bad-argument',
        /epsilon is 1e-50/,
        /at least 1.2e-38/,
      ],
      ['steps', () => training.submit(257), 'bad-argument', /257 training steps/, /1 to 256/],
      ['validation', () => training.validate(), 'bad-argument', /no held-out data/, /give some/],
      ['loss', () => trainingSettings({ loss: 'emd' as LossName }), 'unknown-name', /'emd'/, /mean 'edm'/],
      [
        'a convention',
        () => Trainer.create(gpu, { ...options, settings: trainingSettings({ loss: 'prediction' }) }),
        'bad-argument',
        /another convention than EDM/,
        /a process and a prediction/,
      ],
      [
        'weighting',
        () => trainingSettings({ weighting: 'snr' as WeightingName }),
        'unknown-name',
        /weighting 'snr'/,
        /min-snr/,
      ],
      ['beta', () => trainingSettings({ beta2: 1 }), 'bad-argument', /beta2 is 1/, /below 1/],
      [
        'vp-linear',
        () => trainingSettings({ process: 'vp-linear', sigmaMin: 79 }),
        'bad-argument',
        /sigmaMin, 79, is not far/,
        /smaller sigmaMin/,
      ],
      ['sigma', () => trainingSettings({ sigmaMin: 90 }), 'bad-argument', /sigmaMin, 90/, /smaller sigmaMin/],
    ];
    for (const refusal of refusals) await expectRefused(refusal);
  },
  SLOW,
);
