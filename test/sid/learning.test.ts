import { expect, test } from 'vitest';
import type { Field } from '../../src/field/field.js';
import { gaussianMixture } from '../../src/field/gaussian-mixture.js';
import { mlpConfig } from '../../src/mlp/config.js';
import { mlpField } from '../../src/mlp/field.js';
import { random } from '../../src/rng/random.js';
import { sample } from '../../src/sample.js';
import { sidSettings } from '../../src/sid/settings.js';
import { SidTrainer } from '../../src/sid/trainer.js';
import { oneStepPlan } from '../../src/solver/one-step.js';
import { trainingSettings } from '../../src/train/settings.js';
import { Trainer } from '../../src/train/trainer.js';
import { gpu } from '../device.js';
import { SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';

const seed = freshSeed();
const STD = 0.5;

/** A small network that has learned N(0, STD^2). */
async function teacher() {
  const config = mlpConfig({ dim: 1, width: 32, layers: 2, sigmaData: STD });
  const source = random(seed);
  const values = Float32Array.from({ length: 4000 }, () => STD * source.normal());
  const settings = trainingSettings({ seed, batch: 128, steps: 300, warmup: 20, emaDecay: 0.99 });
  const training = await Trainer.create(gpu, { config, settings, data: { values } });
  for (let step = 0; step < 300; step += 100) training.submit(100);
  const { average } = await training.state();
  training.destroy();
  return { config, parameters: average };
}

/** Standard deviation of one-step samples of a network. */
async function spreadOf(field: Field): Promise<number> {
  const { samples } = await sample(gpu, { field, plan: oneStepPlan(2.5), batch: 4000, seed: 5 });
  return Math.sqrt(samples.reduce((sum, value) => sum + value ** 2, 0) / samples.length);
}

test(
  'a generator learns the spread of a Gaussian in one step',
  async () => {
    const { config, parameters } = await teacher();
    // D(2.5 z, 2.5) of the exact field is the posterior mean, with a fifth of the spread.
    const exact = gaussianMixture({ weights: [1], means: [[0]], stds: [STD] });
    expect((await spreadOf(exact)) / STD).toBeCloseTo((2.5 * STD) / (2.5 ** 2 + STD ** 2), 1);
    const rates = { rate: 2e-3, fakeRate: 4e-3, halfLife: 5000 };
    const settings = sidSettings({ seed, batch: 128, steps: 3000, ...rates });
    const trainer = await SidTrainer.create(gpu, { config, teacher: parameters, settings });
    while (trainer.step < settings.steps) trainer.submit(100);
    await trainer.figures();
    const learned = await spreadOf(mlpField({ config, parameters: await trainer.average() }));
    trainer.destroy();
    // Generator and fake score swing about each other at first: after 600 steps it was 0.79 to 1.08 of the data's over twenty
    // seeds, after 1,500 0.86 to 1.02 over seven, after 3,000 0.987 to 1.012 over four, the one of 0.86 among them.
    expect(Math.abs(learned / STD - 1)).toBeLessThan(0.1);
  },
  SLOW,
);
