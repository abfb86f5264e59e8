import { VP_EPSILON, VpTime } from '../grid/vp-time.js';
import { normal4, normals, threefry4x32, type Words } from '../rng/threefry.js';
import type { TrainingSettings } from './settings.js';

/** EDM's mean and standard deviation of ln sigma (arXiv 2206.00364, table 1). */
export const EDM_LEVELS = { mean: -1.2, std: 1.2 };
/** Score-SDE's smallest time of the VE process (arXiv 2011.13456, appendix C). */
const VE_EPSILON = 1e-5;

/** The three numbers of shaders/train/level.wgsl. */
export interface LevelNumbers {
  level_a: number;
  level_b: number;
  level_c: number;
}

/** The distribution and the weights of the noise levels of a loss. */
export function levelNumbers(settings: TrainingSettings, sigmaData: number): LevelNumbers {
  const { loss, process, sigmaMin, sigmaMax } = settings;
  const likelihood = loss === 'score-sde-likelihood';
  if (loss === 'prediction') return { level_a: 0, level_b: 0, level_c: 0 };
  if (loss === 'edm') return { level_a: EDM_LEVELS.mean, level_b: EDM_LEVELS.std, level_c: sigmaData };
  if (process === 'vp-linear') {
    const { betaD, betaMin } = new VpTime(sigmaMin, sigmaMax);
    return { level_a: betaD, level_b: betaMin, level_c: likelihood ? 1 : 0 };
  }
  const span = Math.log(sigmaMax / sigmaMin);
  return {
    level_a: Math.log(sigmaMin) + VE_EPSILON * span,
    level_b: Math.log(sigmaMax),
    level_c: likelihood ? 2 * span : 1,
  };
}

/** What shaders/train/draw.wgsl draws for one trajectory. */
export interface Draw {
  /** Of the data. */
  row: number;
  sigma: number;
  /** Of |D - y|^2. */
  weight: number;
  /** Whether the label is left out. */
  unlabelled: boolean;
  /** [dim]. */
  noise: Float64Array;
}

/**
 * The draws of one trajectory in float64: the twin of shaders/train/draw.wgsl, up to rounding.
 * @param levels `levelTable`, where the loss has one
 */
export function drawOf(
  settings: TrainingSettings,
  sigmaData: number,
  { rows, dim }: { rows: number; dim: number },
  { step, trajectory, stream }: { step: number; trajectory: number; stream: number },
  levels?: Float32Array,
): Draw {
  const { seed, labelDrop } = settings;
  const key: Words = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0, 0];
  const choice = threefry4x32(key, [trajectory, 0, step, stream]);
  return {
    row: choice[0] % rows,
    ...(levels ? tabled(levels, uniform(choice[2])) : level(settings, sigmaData, choice)),
    unlabelled: uniform(choice[1]) < labelDrop,
    noise: normals(seed, trajectory, step, stream + 1, dim),
  };
}

function level(settings: TrainingSettings, sigmaData: number, [, , z, w]: Words) {
  const { level_a, level_b, level_c } = levelNumbers(settings, sigmaData);
  if (settings.loss === 'edm') {
    const sigma = Math.exp(level_a + level_b * normal4([z, w, z, w])[0]);
    return { sigma, weight: 1 / sigma ** 2 + 1 / level_c ** 2 };
  }
  if (settings.process === 'vp-linear') {
    const t = VP_EPSILON + (1 - VP_EPSILON) * uniform(z);
    const squared = Math.expm1((level_a * t * t) / 2 + level_b * t);
    const slope = (level_a * t + level_b) * (1 + squared);
    return { sigma: Math.sqrt(squared), weight: level_c === 1 ? slope / squared ** 2 : 1 / squared };
  }
  const sigma = Math.exp(level_a + (level_b - level_a) * uniform(z));
  return { sigma, weight: level_c / sigma ** 2 };
}

function tabled(levels: Float32Array, share: number) {
  const place = share * (levels.length / 2 - 1);
  const i = Math.floor(place);
  const between = (entry: 0 | 1) => {
    const [low, high] = [levels[2 * i + entry], levels[2 * i + 2 + entry]];
    return Math.exp(low + (place - i) * (high - low));
  };
  return { sigma: between(0), weight: between(1) };
}

/** In [0, 1), of 24 bits. */
function uniform(word: number): number {
  return (word >>> 8) * 2 ** -24;
}
