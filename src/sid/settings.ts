import { checkEntries, optional } from '../arguments.js';
import { below1, checkBounds, positive, positive32, whole } from '../bounds.js';
import { FewstepError, unknownName } from '../errors.js';

/** The names of losses; `SidLoss` says what each is. */
export const SID_LOSSES = ['l2-alpha-l1', 'l1', 'l2', 'l3'] as const;

/**
 * What a generator minimises (score identity distillation, arXiv 2404.04057), with e the noise that a network sees in
 * y_t = y + sigma eps, phi the teacher and psi the fake score, which is taken as it is:
 * - l1: E |e_phi - e_psi|^2, Fisher's divergence as it stands. Of a Gaussian a smaller spread of y always lessens it, so
 *   it shrinks the samples;
 * - l2: E <e_phi - e_psi, e_phi - eps>, the same by the score identities, but with another gradient, which does not;
 * - l3: E |e_phi - eps|^2 + |e_psi|^2, the same again up to a constant, the cross term alone replaced: it shrinks them too;
 * - l2-alpha-l1: L2 - alpha L1, the published loss.
 */
export type SidLoss = (typeof SID_LOSSES)[number];

/** The names of weightings; `SidWeighting` says what each is. */
export const SID_WEIGHTINGS = ['x0', 'eps'] as const;

/**
 * How noise levels count: 'eps', as the losses between noises say, which is 1 / sigma^2 between x_0; 'x0', as
 * published, 100 over the mean of |D_phi - y| of each trajectory, of which no gradient is taken.
 */
export type SidWeighting = (typeof SID_WEIGHTINGS)[number];

/**
 * What a distillation into a generator is, besides its teacher: the same settings and seed give the same bits. Defaults
 * are those of `sidSettings`.
 */
export interface SidSettings {
  /** Integer from 0 to 2^53 - 1, of all draws; 0 by default. */
  seed: number;
  /** 'l2-alpha-l1' by default. */
  loss: SidLoss;
  /** Of l2-alpha-l1; nothing to the other losses. 1 by default, 0 to 2. */
  alpha: number;
  /** 'x0' by default. */
  weighting: SidWeighting;
  /** Trajectories in a batch; 256 by default. */
  batch: number;
  /** Updates of each of both networks; 10,000 by default. */
  steps: number;
  /**
   * Learning rate of the generator at first; both fall to 0 as half a cosine, where published ones stay. 5e-4 by
   * default.
   */
  rate: number;
  /** Learning rate of the fake score at first; 1e-3 by default. */
  fakeRate: number;
  /** Of Adam: 0, 0.999 and 1e-8 by default. */
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Generated samples after which the average of the generator's parameters has forgotten half; 100,000 by default. */
  halfLife: number;
  /**
   * Noise level of the latents, which the generator is told: g(z) = D(generatorSigma z, generatorSigma). 2.5 by
   * default.
   */
  generatorSigma: number;
  /**
   * Noise levels of the generator's loss: sigma^(1/7) evenly from sigmaMin over a part of the way to sigmaMax; 0.002,
   * 80 and 0.8 by default.
   */
  sigmaMin: number;
  sigmaMax: number;
  part: number;
}

export const SID_DEFAULTS: SidSettings = {
  seed: 0,
  loss: 'l2-alpha-l1',
  alpha: 1,
  weighting: 'x0',
  batch: 256,
  steps: 10_000,
  rate: 5e-4,
  fakeRate: 1e-3,
  beta1: 0,
  beta2: 0.999,
  epsilon: 1e-8,
  halfLife: 100_000,
  generatorSigma: 2.5,
  sigmaMin: 0.002,
  sigmaMax: 80,
  part: 0.8,
};

const BOUNDS = {
  seed: whole(0),
  alpha: { what: 'a number from 0 to 2', holds: (x: number) => x >= 0 && x <= 2 },
  batch: whole(1, 2 ** 20),
  steps: whole(1, 2 ** 30),
  rate: positive,
  fakeRate: positive,
  beta1: below1,
  beta2: below1,
  epsilon: positive32,
  halfLife: positive,
  generatorSigma: positive,
  sigmaMin: positive,
  sigmaMax: positive,
  part: { what: 'a number above 0, at most 1', holds: (x: number) => x > 0 && x <= 1 },
};

/**
 * Settings with their defaults filled in.
 * @throws FewstepError unknown-name for the loss or the weighting, bad-argument for a number out of its bounds or an entry
 *   that does not exist
 */
export function sidSettings(given: Partial<SidSettings> = {}): SidSettings {
  checkEntries<Partial<SidSettings>>(
    "the distillation's settings",
    given,
    optional<SidSettings>(SID_DEFAULTS),
  );
  const settings = { ...SID_DEFAULTS, ...given };
  if (!SID_LOSSES.includes(settings.loss)) throw unknownName('loss', settings.loss, SID_LOSSES);
  if (!SID_WEIGHTINGS.includes(settings.weighting)) {
    throw unknownName('weighting', settings.weighting, SID_WEIGHTINGS);
  }
  checkBounds("distillation's", settings, BOUNDS);
  const { sigmaMin, sigmaMax } = settings;
  if (sigmaMin < sigmaMax) return settings;
  throw new FewstepError(
    'bad-argument',
    `the distillation's sigmaMin, ${sigmaMin}, is not below its sigmaMax, ${sigmaMax}`,
    'give a smaller sigmaMin',
  );
}
