import { afterAll, expect, test } from 'vitest';
import type { MlpConfig } from '../../src/mlp/config.js';
import { MlpReference } from '../../src/mlp/reference.js';
import { random } from '../../src/rng/random.js';
import { type Objective, objectiveOf } from '../../src/sid/objective.js';
import {
  type GeneratorBatch,
  generatorLoss,
  generatorReference,
  lossWeight,
  type SidParameters,
} from '../../src/sid/reference.js';
import { SID_LOSSES, SID_WEIGHTINGS, type SidSettings } from '../../src/sid/settings.js';
import { SidTrainer, type SidTrainerOptions } from '../../src/sid/trainer.js';
import { lossReference } from '../../src/train/reference.js';
import { gpu } from '../device.js';
import { relativeError, SLOW } from '../mlp/fixtures.js';
import { freshSeed } from '../seed.js';
import { randomSid } from './fixtures.js';

const seed = freshSeed();
const trainers: SidTrainer[] = [];
afterAll(() => {
  for (const trainer of trainers) trainer.destroy();
});

async function trainer(options: SidTrainerOptions): Promise<SidTrainer> {
  const made = await SidTrainer.create(gpu, options);
  trainers.push(made);
  return made;
}

const CASES: [string, Partial<SidSettings>][] = [
  ...SID_LOSSES.flatMap((loss) =>
    SID_WEIGHTINGS.map((weighting): [string, Partial<SidSettings>] => [
      `${loss}, ${weighting}`,
      { loss, weighting },
    ]),
  ),
  ['l2-alpha-l1, alpha 1.2', { loss: 'l2-alpha-l1', alpha: 1.2 }],
];

test.each(CASES)(
  `the generator's loss '%s' and its gradient are those of float64`,
  async (_, given) => {
    // Where sigma is small, y - D is a difference of numbers near each other, which rounds by 2^-24 of them.
    const options = randomSid(seed, { sigmaMin: 0.1, ...given });
    const training = await trainer(options);
    training.submit(1, ['generator']);
    const { generator } = await training.figures();
    const batch = await training.lastBatch();
    const { config, settings, teacher, state } = options;
    const parameters = { teacher, fake: state.fake.parameters, generator: state.generator.parameters };
    const objective = objectiveOf(settings);
    const expected = generatorReference(config, parameters, batch, objective, settings.generatorSigma);
    expect(Math.abs(generator.losses[0] / expected.loss - 1)).toBeLessThan(1e-4);
    // Two networks' products and a third's gradient follow each other: each errs by up to 1e-4 (test/mlp).
    expect(relativeError(batch.gradient.generator, expected.gradient)).toBeLessThan(3e-4);
    expect(relativeError(generator.norms, [Math.hypot(...expected.gradient)])).toBeLessThan(3e-4);
  },
  SLOW,
);

test(
  `the fake score's loss and its gradient are those of float64`,
  async () => {
    const options = randomSid(seed);
    const training = await trainer(options);
    training.submit(1, ['fake']);
    const { fake } = await training.figures();
    const batch = await training.lastBatch();
    const drawn = { ...batch, clean: batch.generated };
    const expected = lossReference(options.config, options.state.fake.parameters, drawn);
    expect(Math.abs(fake.losses[0] / expected.loss - 1)).toBeLessThan(1e-4);
    expect(relativeError(batch.gradient.fake, expected.gradient)).toBeLessThan(1e-4);
    // What it was trained on is what the generator makes.
    const generator = new MlpReference(options.config, options.state.generator.parameters);
    const { dim } = options.config;
    const made = batch.sigma.length;
    const expectedSamples = Array.from({ length: made }, (_, row) => {
      const z = Float64Array.from({ length: dim }, (_, d) => batch.latents[row * dim + d]);
      return [...generator.forward(z, options.settings.generatorSigma, batch.labels![row]).denoised];
    });
    expect(relativeError(batch.generated, expectedSamples.flat())).toBeLessThan(1e-5);
  },
  SLOW,
);

/** The mean loss of a batch whose noise is fixed, for any parameters of the generator; weights are taken as given. */
function lossOf(
  config: MlpConfig,
  parameters: SidParameters,
  { latents, sigma, noise, labels }: Drawn,
  objective: Objective,
  weights?: number[],
): { loss: number; weights: number[]; batch: GeneratorBatch } {
  const [teacher, fake, generator] = [parameters.teacher, parameters.fake, parameters.generator].map(
    (values) => new MlpReference(config, values),
  );
  const found: number[] = [];
  const made: number[] = [];
  const noised: number[] = [];
  let loss = 0;
  for (const [row, level] of sigma.entries()) {
    const generated = generator.forward(latents[row], 2.5, labels[row]).denoised;
    const noisy = generated.map((value, d) => value + level * noise[row][d]);
    const [real, own] = [teacher, fake].map((network) => network.forward(noisy, level, labels[row]).denoised);
    const terms = { generated, noisy, real, fake: own, sigma: level };
    found.push(weights?.[row] ?? lossWeight(objective, terms));
    loss += generatorLoss(objective, terms, found[row]).loss / sigma.length;
    made.push(...generated);
    noised.push(...noisy);
  }
  return {
    loss,
    weights: found,
    batch: { latents: latents.flatMap((z) => [...z]), generated: made, noisy: noised, sigma, labels },
  };
}

interface Drawn {
  latents: Float64Array[];
  noise: Float64Array[];
  sigma: number[];
  labels: number[];
}

test.each(CASES)(
  `in float64 the gradient of '%s' is that of central differences, its weights held`,
  (_, given) => {
    const { config, settings, teacher, state } = randomSid(seed, given);
    const objective = objectiveOf(settings);
    const source = random(seed, 1);
    const rows = 5;
    const vectors = (scale: number) =>
      Array.from({ length: rows }, () =>
        Float64Array.from({ length: config.dim }, () => scale * source.normal()),
      );
    const drawn: Drawn = {
      latents: vectors(2.5),
      noise: vectors(1),
      sigma: Array.from({ length: rows }, () => Math.exp(source.between(-3, 3))),
      labels: Array.from({ length: rows }, (_, row) => row % 3),
    };
    const at = (generator: Float64Array) => ({ teacher, fake: state.fake.parameters, generator });
    const generator = Float64Array.from(state.generator.parameters);
    const { batch, weights } = lossOf(config, at(generator), drawn, objective);
    const { gradient } = generatorReference(config, at(generator), batch, objective, 2.5);
    // Along random directions of all parameters at once.
    for (let n = 0; n < 3; n++) {
      const direction = generator.map(() => source.normal());
      const length = 1e-5;
      const [ahead, behind] = [length, -length].map((step) => {
        const moved = generator.map((value, i) => value + step * direction[i]);
        return lossOf(config, at(moved), drawn, objective, weights).loss;
      });
      const along = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
      const size = Math.hypot(...gradient);
      expect(Math.abs((ahead - behind) / (2 * length) - along) / size).toBeLessThan(1e-5);
    }
  },
);
