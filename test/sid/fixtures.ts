import { type MlpOptions, mlpConfig } from '../../src/mlp/config.js';
import { random } from '../../src/rng/random.js';
import { type SidSettings, sidSettings } from '../../src/sid/settings.js';
import { initialSidState, type SidState, type SidTrainerOptions } from '../../src/sid/trainer.js';
import { randomParameters } from '../mlp/fixtures.js';

/** A run of small networks, all three with random parameters of their own. */
export function randomSid(
  seed: number,
  settings: Partial<SidSettings> = {},
  network: Partial<MlpOptions> = {},
): SidTrainerOptions & { state: SidState } {
  const draw = random(seed);
  const config = mlpConfig({ dim: 3, width: 32, layers: 2, classes: 3, ...network });
  const [teacher, fake, generator] = [0, 1, 2].map(() => randomParameters(config, draw));
  return {
    config,
    teacher,
    settings: sidSettings({ seed, batch: 37, ...settings }),
    state: {
      step: 0,
      fake: initialSidState(fake).fake,
      generator: initialSidState(generator).generator,
    },
  };
}
