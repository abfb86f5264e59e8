import type { StructValue } from '../gpu/layout.js';
import type { MlpConfig } from '../mlp/config.js';
import { SLOTS, slotStride } from './buffers.js';
import { levelNumbers } from './draws.js';
import { optimiserStep } from './schedule.js';
import type { TrainingSettings } from './settings.js';

/** Which step, and what of it differs between training and validation. */
export interface StepPlace {
  /** From 0. */
  step: number;
  /** Where its figures go in the history. */
  entry: number;
  /** Of random numbers. */
  stream: number;
}

/** Struct Step of shaders/train/step.wgsl. */
export function stepUniform(config: MlpConfig, settings: TrainingSettings, place: StepPlace): StructValue {
  const { seed, batch, labelDrop } = settings;
  const stride = slotStride(batch, config.dim);
  return {
    ...place,
    seed_low: seed >>> 0,
    seed_high: Math.floor(seed / 2 ** 32) >>> 0,
    trajectories: batch,
    dim: config.dim,
    clean: SLOTS.clean * stride,
    noisy: SLOTS.noisy * stride,
    denoised: SLOTS.denoised * stride,
    cotangent: SLOTS.cotangent * stride,
    ...levelNumbers(settings, config.sigmaData),
    label_drop: labelDrop,
    ...optimiserStep(settings, place.step),
  };
}
