import { SID_STREAM } from '../rng/streams.js';
import { normals, threefry4x32, type Words } from '../rng/threefry.js';
import { EDM_LEVELS, type LevelNumbers } from '../train/draws.js';
import type { SidSettings } from './settings.js';

/** EDM's exponent of noise levels (arXiv 2206.00364, table 1). */
const RHO = 7;

/** Whose update it is. */
export type Player = 'fake' | 'generator';

/** Updates of both networks, counted together: the fake score's comes first in each step. */
export function updateOf(step: number, player: Player): number {
  return 2 * step + (player === 'fake' ? 0 : 1);
}

/** The step and the network of an update. */
export function placeOf(update: number): { step: number; player: Player } {
  return { step: Math.floor(update / 2), player: update % 2 === 0 ? 'fake' : 'generator' };
}

/** The noise levels of an update: EDM's of a denoiser's training, and those of shaders/sid/draw.wgsl. */
export function sidLevels(settings: SidSettings, sigmaData: number, player: Player): LevelNumbers {
  const { sigmaMin, sigmaMax, part } = settings;
  if (player === 'fake') {
    return { level_a: EDM_LEVELS.mean, level_b: EDM_LEVELS.std, level_c: sigmaData };
  }
  const [low, high] = [sigmaMin ** (1 / RHO), sigmaMax ** (1 / RHO)];
  return { level_a: low, level_b: part * (high - low), level_c: 0 };
}

/** What shaders/sid/draw.wgsl and noise.wgsl draw for one trajectory of the generator's update. */
export interface SidDraw {
  sigma: number;
  label: number;
  /** [dim] each. */
  latents: Float64Array;
  noise: Float64Array;
}

/** The draws of one trajectory in float64: the twin of the shaders, up to rounding. */
export function sidDraw(
  settings: SidSettings,
  { dim, classes }: { dim: number; classes: number },
  { step, trajectory }: { step: number; trajectory: number },
): SidDraw {
  const { seed, generatorSigma } = settings;
  const key: Words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0, 0];
  const update = updateOf(step, 'generator');
  const [, label, level] = threefry4x32(key, [trajectory, 0, update, SID_STREAM]);
  const { level_a, level_b } = sidLevels(settings, 1, 'generator');
  return {
    sigma: (level_a + level_b * (level >>> 8) * 2 ** -24) ** RHO,
    label: classes > 0 ? label % classes : 0,
    latents: normals(seed, trajectory, update, SID_STREAM + 1, dim).map((z) => generatorSigma * z),
    noise: normals(seed, trajectory, update, SID_STREAM + 2, dim),
  };
}
