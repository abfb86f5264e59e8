import type { StructValue } from '../gpu/layout.js';
import type { MlpConfig } from '../mlp/config.js';
import { SID_STREAM } from '../rng/streams.js';
import type { SidSlots } from './buffers.js';
import { type Player, sidLevels, updateOf } from './draws.js';
import { sidOptimiserStep } from './schedule.js';
import type { SidSettings } from './settings.js';

/** Which update, from 0 in the run, and where its figures go in the history. */
export interface UpdatePlace {
  step: number;
  player: Player;
  entry: number;
}

/** Struct Step of shaders/train/step.wgsl for an update of one of both networks. */
export function updateUniform(
  config: MlpConfig,
  settings: SidSettings,
  slots: SidSlots,
  { step, player, entry }: UpdatePlace,
): StructValue {
  const { seed, batch } = settings;
  return {
    step: updateOf(step, player),
    entry,
    stream: SID_STREAM,
    seed_low: seed >>> 0,
    seed_high: Math.floor(seed / 2 ** 32) >>> 0,
    trajectories: batch,
    dim: config.dim,
    // As the loss of the fake score's own training reads them.
    clean: slots.generated,
    noisy: slots.noisy,
    denoised: slots.fake,
    cotangent: slots.to_fake,
    ...sidLevels(settings, config.sigmaData, player),
    label_drop: 0,
    ...sidOptimiserStep(settings, player, step),
  };
}
