import { checkEntries, type Entries, optional, shown } from '../arguments.js';
import { below1, whole } from '../bounds.js';
import { FewstepError } from '../errors.js';

/** The largest seed of a distillation. Its latents have two seeds of their own, from 2^40 on (`poolSeeds`). */
export const LARGEST_SEED = 2 ** 40;

/** How a predictor is distilled, besides its solver and its field. */
export interface DistillSettings {
  /** Integer from 0 to 2^40: of latents, their order, and weights. */
  seed: number;
  /** The solver that knows better: accurate, with many evaluations. */
  teacher: { solver: string; nfe: number; grid: string };
  /** Trajectories of the teacher to learn from. */
  trajectories: number;
  /** Trajectories of the teacher to choose the best state by. */
  validation: number;
  /** Trajectories in a batch: of a table each runs once for every number that is learned, and once more. */
  batch: number;
  /** Steps of the optimiser. */
  iterations: number;
  /** The direction's scale lies in 1 - scaleDirection to 1 + scaleDirection; 0 for none, below 1. */
  scaleDirection: number;
  /** The same of the time that the field is told. */
  scaleTime: number;
}

/**
 * The robust recipe's. Its teacher ends within 3e-6 to 4e-5 of the exact flow in the median over mixtures, data sets and
 * networks (iPNDM-4 at 60 evaluations within 3e-5 to 3e-3, which is what a bespoke solver errs at NFE 7 to 10); the scales'
 * ranges are far wider than the published .01 and .2.
 */
export const ROBUST: DistillSettings = {
  seed: 0,
  teacher: { solver: 'unipc-3', nfe: 100, grid: 'logsnr' },
  trajectories: 10_000,
  validation: 512,
  batch: 32,
  iterations: 240,
  scaleDirection: 0.5,
  scaleTime: 0.5,
};

/** Trajectories in a batch of a network, whose gradient costs about as much as three solves whatever it has to learn. */
export const NETWORK_BATCH = 128;

/** What the published training of a solver is (arXiv 2312.00094 and its reference code). */
export interface PublishedSettings {
  settings: DistillSettings;
  /** The student's. */
  grid: string;
  /** The teacher, and how many of its times lie within a step of the student's: M. */
  teacher: string;
  teacherSubsteps: number;
}

/**
 * The AMED-Solver's on CIFAR-10: Heun with M = 1 on time_uniform, no scale of the time; a plugin's: iPNDM-4 with M = 2
 * on polynomial:7. 79 batches of 128 trajectories, each once. Errors are still measured against the robust teacher's.
 */
export function publishedSettings(solver: string): PublishedSettings {
  const plugin = solver !== 'amed';
  const batch = NETWORK_BATCH;
  return {
    settings: {
      ...ROBUST,
      trajectories: 79 * batch,
      batch,
      iterations: 79,
      scaleDirection: 0.01,
      scaleTime: plugin ? 0.2 : 0,
    },
    grid: plugin ? 'polynomial:7' : 'time_uniform:1',
    teacher: plugin ? 'ipndm-4' : 'heun',
    teacherSubsteps: plugin ? 2 : 1,
  };
}

const BOUNDS = {
  seed: whole(0, LARGEST_SEED),
  trajectories: whole(1, 2 ** 24),
  validation: whole(2, 2 ** 20),
  batch: whole(1, 2 ** 16),
  iterations: whole(0, 10 ** 6),
  scaleDirection: below1,
  scaleTime: below1,
};

type Bounded = keyof typeof BOUNDS;

const ENTRIES: Entries<DistillSettings> = {
  seed: true,
  teacher: true,
  trajectories: true,
  validation: true,
  batch: true,
  iterations: true,
  scaleDirection: true,
  scaleTime: true,
};

/**
 * Looks at some of the settings, for those who read no others; these may be there too.
 * @throws FewstepError bad-argument for one that does not exist, or naming it and its bounds
 */
export function checkSome<Name extends Bounded>(
  settings: Pick<DistillSettings, Name>,
  names: readonly Name[],
): void {
  checkEntries<Partial<DistillSettings>>(
    "the distillation's settings",
    settings,
    optional<DistillSettings>(ENTRIES),
  );
  for (const name of names) {
    const { what, holds } = BOUNDS[name];
    const value = settings[name];
    if (typeof value === 'number' && holds(value)) continue;
    throw new FewstepError('bad-argument', `the distillation's ${name} is ${shown(value)}`, `give ${what}`);
  }
}

/**
 * The settings as they are, if nothing is wrong with them. The teacher's entries are not looked at.
 * @throws FewstepError bad-argument naming the entry and its bounds, or for a batch of more than all trajectories
 */
export function checkSettings(settings: DistillSettings): DistillSettings {
  checkEntries("the distillation's settings", settings, ENTRIES);
  checkSome(settings, Object.keys(BOUNDS) as Bounded[]);
  if (settings.batch <= settings.trajectories) return settings;
  throw new FewstepError(
    'bad-argument',
    `${settings.trajectories} trajectories do not fill one batch of ${settings.batch}`,
    'give more trajectories, or a smaller batch',
  );
}
