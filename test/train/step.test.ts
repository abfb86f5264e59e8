import { afterAll, expect, test } from 'vitest';
import { lossReference, type OptimiserState, updateReference } from '../../src/train/reference.js';
import { optimiserStep } from '../../src/train/schedule.js';
import { LOSSES } from '../../src/train/settings.js';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.js';
import { gpu } from '../device.js';
import { relativeError, SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { randomRun } from './fixtures.js';

const seed = freshSeed();
const CONVENTION = { process: 'sub-vp', prediction: 'v' } as const;
const trainers: Trainer[] = [];
afterAll(() => {
  for (const trainer of trainers) trainer.destroy();
});

async function trainer(options: TrainerOptions): Promise<Trainer> {
  const made = await Trainer.create(gpu, options);
  trainers.push(made);
  return made;
}

test.each(LOSSES)(
  `the loss '%s', its gradient and its norm are those of float64`,
  async (loss) => {
    const convention = loss === 'prediction' ? CONVENTION : undefined;
    const options = randomRun(seed, { loss }, { convention });
    const training = await trainer(options);
    training.submit(1);
    const { losses, norms } = await training.figures();
    const batch = await training.lastBatch();
    const expected = lossReference(options.config, options.state.parameters, batch);
    // As of the network's kernels alone (test/mlp). D - y is a difference of numbers up to 4, which rounds by 2e-7,
    // 1e-4 of the smallest sigma; but that is one number of a hundred, and their errors have random signs.
    expect(Math.abs(losses[0] / expected.loss - 1)).toBeLessThan(1e-4);
    expect(relativeError(batch.gradient, expected.gradient)).toBeLessThan(1e-4);
    expect(relativeError(norms, [Math.hypot(...expected.gradient)])).toBeLessThan(1e-4);
  },
  SLOW,
);

const OPTIMISERS = {
  'Adam, not clipped': {},
  'Adam, clipped': { clip: 0.01 },
  'AdamW in its warm-up': { weightDecay: 0.1, warmup: 20 },
};

test.each(Object.entries(OPTIMISERS))(
  '%s: three steps are those of float64, given their gradients',
  async (_, settings) => {
    const options = randomRun(seed, { rate: 0.01, ...settings });
    const training = await trainer(options);
    let before: OptimiserState<ArrayLike<number>> = options.state;
    for (let step = 0; step < 3; step++) {
      training.submit(1);
      const { gradient } = await training.lastBatch();
      const numbers = optimiserStep(options.settings, step);
      const expected = updateReference(before, gradient, numbers);
      const clipped = Math.hypot(...gradient) > numbers.clip;
      expect(clipped).toBe('clip' in settings);
      const after = await training.state();
      for (const name of ['parameters', 'average', 'first', 'second'] as const) {
        // Some ten roundings of 6e-8 each, and 2.5 ulp of the division and the root.
        expect(relativeError(after[name], expected[name]), `${name}, step ${step}`).toBeLessThan(2e-6);
        // What a step changes, not only what it leaves: its size is the learning rate, of parameters of 1.
        expect(relativeError(after[name], before[name])).toBeGreaterThan(1e-5);
      }
      before = after;
    }
  },
  SLOW,
);

test(
  'five steps in one submit are five of float64',
  async () => {
    // An epsilon of the gradient's size, so that a step is no mere sign, which rounding may turn over.
    const options = randomRun(seed, { rate: 0.01, epsilon: 0.1, emaDecay: 0.5 });
    const [one, five] = [await trainer(options), await trainer(options)];
    let expected: OptimiserState<ArrayLike<number>> = options.state;
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) {
      one.submit(1);
      const { loss, gradient } = lossReference(options.config, expected.parameters, await one.lastBatch());
      losses.push(loss);
      expected = updateReference(expected, gradient, optimiserStep(options.settings, step));
    }
    five.submit(5);
    const figures = await five.figures();
    const state = await five.state();
    // Each gradient errs by up to 1e-4, the step's denominator by as much; the last of five steps sees them all.
    expect(relativeError(figures.losses, losses)).toBeLessThan(1e-3);
    const change = (values: ArrayLike<number>) =>
      Float64Array.from(values, (value, i) => value - options.state.parameters[i]);
    for (const name of ['parameters', 'average'] as const) {
      expect(relativeError(change(state[name]), change(expected[name])), name).toBeLessThan(1e-3);
    }
  },
  SLOW,
);
