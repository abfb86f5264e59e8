import { checkEntries, optional } from '../arguments.js';
import { type Bound, below1, checkBounds, positive, positive32, whole } from '../bounds.js';
import { FewstepError, unknownName } from '../errors.js';
import { VpTime } from '../grid/vp-time.js';

/** The names of losses; `LossName` says what each is. */
export const LOSSES = ['edm', 'score-sde', 'score-sde-likelihood', 'prediction'] as const;

/**
 * What is minimised, the mean over a batch of weight(sigma) |D(y + sigma n, sigma) - y|^2:
 * - edm: ln sigma ~ N(-1.2, 1.2^2), weight (sigma^2 + sd^2) / (sigma sd)^2 (Karras et al., arXiv 2206.00364);
 * - score-sde: |B score + n|^2 at t ~ U(eps, 1) of a process (Song et al., arXiv 2011.13456, equation 7), which is
 *   the weight 1 / sigma^2;
 * - score-sde-likelihood: g^2 |score + n / B|^2 (Song et al., arXiv 2101.09258), which is d sigma^2 / dt / sigma^4. In
 *   the VE process that is the loss before times 2 ln(max / min), so that only clipping and epsilon tell them apart;
 * - prediction: for a network of a convention, t even over its process from sigmaMin on, and a weight of `weighting`.
 */
export type LossName = (typeof LOSSES)[number];

/** The names of processes; `LossProcess` says what each is. */
export const LOSS_PROCESSES = ['ve-geometric', 'vp-linear'] as const;

/** The process that the score-sde losses take sigma from, at even t, between sigmaMin and sigmaMax. */
export type LossProcess = (typeof LOSS_PROCESSES)[number];

/** The names of weightings; `WeightingName` says what each is. */
export const WEIGHTINGS = ['prediction', 'likelihood', 'min-snr'] as const;

/**
 * How the loss 'prediction' weighs noise levels:
 * - prediction: |F - target|^2 of what the network predicts; of a score times beta-bar^2, |score B + n|^2;
 * - likelihood: g^2 |score + n / B|^2 (arXiv 2101.09258), d sigma^2 / dt / sigma^4;
 * - min-snr: the lesser of 1 / sigma^2 and 5 (arXiv 2303.09556).
 */
export type WeightingName = (typeof WEIGHTINGS)[number];

/** What a training run is, besides its network and its data: the same settings and seed give the same bits. */
export interface TrainingSettings {
  /** Integer from 0 to 2^53 - 1, of all draws; 0 by default. */
  seed: number;
  /** 'edm' by default. */
  loss: LossName;
  /** 've-geometric' by default. */
  process: LossProcess;
  /** 'prediction' by default. */
  weighting: WeightingName;
  /** Trajectories in a batch; 512 by default. */
  batch: number;
  /** Steps of the whole run: the learning rate falls to 0 at its end. 10,000 by default. */
  steps: number;
  /** Learning rate after the warm-up; 1e-3 by default. */
  rate: number;
  /** Steps over which the learning rate rises from 0; 100 by default. */
  warmup: number;
  /** Of Adam: 0.9, 0.999 and 1e-8 by default. */
  beta1: number;
  beta2: number;
  epsilon: number;
  /** AdamW's decoupled weight decay, times the learning rate; 0, the default, is plain Adam. */
  weightDecay: number;
  /** Gradients of a larger global norm are scaled down to this one; Infinity, the default, for none. */
  clip: number;
  /** Decay of the parameters' moving average, reached slowly: at most (1 + step) / (10 + step). 0.999 by default. */
  emaDecay: number;
  /**
   * Share of trajectories that a model with labels sees without theirs, for classifier-free guidance; 0.1 by default.
   */
  labelDrop: number;
  /** Noise levels of the score-sde losses, 0.002 to 80 by default; the least one also of 'prediction'. */
  sigmaMin: number;
  sigmaMax: number;
}

export const TRAINING_DEFAULTS: TrainingSettings = {
  seed: 0,
  loss: 'edm',
  process: 've-geometric',
  weighting: 'prediction',
  batch: 512,
  steps: 10_000,
  rate: 1e-3,
  warmup: 100,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clip: Number.POSITIVE_INFINITY,
  emaDecay: 0.999,
  labelDrop: 0.1,
  sigmaMin: 0.002,
  sigmaMax: 80,
};

const BOUNDS: Record<Exclude<keyof TrainingSettings, 'loss' | 'process' | 'weighting'>, Bound> = {
  seed: whole(0),
  batch: whole(1, 2 ** 20),
  // A step is told from its complement by a 32-bit word that is not 0.
  steps: whole(1, 2 ** 31),
  rate: positive,
  warmup: whole(0),
  beta1: below1,
  beta2: below1,
  epsilon: positive32,
  weightDecay: { what: 'a number of 0 or more', holds: (x) => x >= 0 && Number.isFinite(x) },
  clip: { what: 'a positive number, or Infinity', holds: (x) => x > 0 },
  emaDecay: below1,
  labelDrop: { what: 'a number from 0 to 1', holds: (x) => x >= 0 && x <= 1 },
  sigmaMin: positive,
  sigmaMax: positive,
};

/**
 * Settings with their defaults filled in.
 * @throws FewstepError bad-argument naming the entry, also one that does not exist, or unknown-name for a loss, a process or a weighting
 *   that does not exist
 */
export function trainingSettings(given: Partial<TrainingSettings> = {}): TrainingSettings {
  checkEntries<Partial<TrainingSettings>>(
    "the training's settings",
    given,
    optional<TrainingSettings>(TRAINING_DEFAULTS),
  );
  const settings = { ...TRAINING_DEFAULTS, ...given };
  if (!LOSSES.includes(settings.loss)) throw unknownName('loss', settings.loss, LOSSES);
  if (!LOSS_PROCESSES.includes(settings.process))
    throw unknownName('process', settings.process, LOSS_PROCESSES);
  if (!WEIGHTINGS.includes(settings.weighting)) {
    throw unknownName('weighting', settings.weighting, WEIGHTINGS);
  }
  checkBounds("training's", settings, BOUNDS);
  const { process, sigmaMin, sigmaMax } = settings;
  if (sigmaMin < sigmaMax && (process === 've-geometric' || new VpTime(sigmaMin, sigmaMax).rises))
    return settings;
  throw new FewstepError(
    'bad-argument',
    `the training's sigmaMin, ${sigmaMin}, is not ${process === 've-geometric' ? '' : 'far '}below its sigmaMax, ${sigmaMax}`,
    'give a smaller sigmaMin',
  );
}
