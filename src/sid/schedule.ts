import { type OptimiserStep, optimiserStep } from '../train/schedule.js';
import { trainingSettings } from '../train/settings.js';
import type { Player } from './draws.js';
import type { SidSettings } from './settings.js';

/** The average forgets no faster than a half in so large a part of the samples so far, so that it can begin. */
const RAMP = 0.05;

/** The optimiser's numbers in a step: Adam, the rates falling as half a cosine, and the average by its half-life. */
export function sidOptimiserStep(settings: SidSettings, player: Player, step: number): OptimiserStep {
  const { beta1, beta2, epsilon, batch, steps, halfLife } = settings;
  const rate = player === 'fake' ? settings.fakeRate : settings.rate;
  const adam = trainingSettings({ beta1, beta2, epsilon, rate, steps, warmup: 0 });
  const life = Math.min(halfLife, RAMP * batch * (step + 1));
  return {
    ...optimiserStep(adam, step),
    // Nobody reads the fake score's average.
    ema_share: player === 'fake' ? 0 : 1 - 0.5 ** (batch / life),
  };
}
