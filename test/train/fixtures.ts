import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { random } from '../../src/rng/random.js';
import { type TrainingSettings, trainingSettings } from '../../src/train/settings.js';
import type { TrainerOptions, TrainingState } from '../../src/train/trainer.js';
import { randomParameters } from '../mlp/fixtures.js';

/** A run of a small network on random data, from random parameters everywhere. */
export function randomRun(
  seed: number,
  settings: Partial<TrainingSettings> = {},
  network: Partial<MlpOptions> = {},
): TrainerOptions & { state: TrainingState } {
  const draw = random(seed);
  const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3, ...network });
  const rows = 50;
  const data = {
    values: Float32Array.from({ length: rows * config.dim }, () => draw.normal()),
    labels: Uint32Array.from({ length: rows }, () => Math.floor(draw.uniform() * config.classes)),
  };
  const parameters = randomParameters(config, draw);
  const zeros = () => new Float32Array(parameters.length);
  return {
    config,
    settings: trainingSettings({ seed, batch: 37, warmup: 0, steps: 100, ...settings }),
    data,
    heldOut: data,
    state: { step: 0, parameters, average: parameters.slice(), first: zeros(), second: zeros() },
  };
}
