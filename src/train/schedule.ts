import type { TrainingSettings } from './settings.js';

/** The numbers of one step of the optimiser, by their names in shaders/train/step.wgsl. */
export interface OptimiserStep {
  clip: number;
  rate: number;
  tail: number;
  tail_rate: number;
  skips: number;
  weight_decay: number;
  beta1: number;
  beta2: number;
  correction1: number;
  correction2: number;
  epsilon: number;
  ema_share: number;
}

/** The largest finite float32, for 'no clipping': a uniform holds no infinity. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

/** All parameters learn at the same rate: what learns at another starts behind them. */
export const ONE_RATE = { tail: 2 ** 32 - 1, tail_rate: 0 };

/** @param step from 0 */
export function optimiserStep(settings: TrainingSettings, step: number): OptimiserStep {
  const rate = learningRate(settings, step);
  // As the GPU has them: 1 - beta2 is a small difference, and the correction has to go with it.
  const [beta1, beta2] = [Math.fround(settings.beta1), Math.fround(settings.beta2)];
  return {
    clip: Math.min(settings.clip, LARGEST),
    rate,
    ...ONE_RATE,
    skips: 0,
    weight_decay: rate * settings.weightDecay,
    beta1,
    beta2,
    correction1: 1 / (1 - beta1 ** (step + 1)),
    correction2: 1 / (1 - beta2 ** (step + 1)),
    epsilon: settings.epsilon,
    ema_share: 1 - Math.min(settings.emaDecay, (1 + step) / (10 + step)),
  };
}

/** The learning rate of a step: a linear rise over the warm-up, then half a cosine down to 0 after the last step. */
function learningRate({ rate, warmup, steps }: TrainingSettings, step: number): number {
  if (step < warmup) return (rate * (step + 1)) / warmup;
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return (rate * (1 + Math.cos(Math.PI * done))) / 2;
}
