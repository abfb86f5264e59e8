import { basename } from 'node:path';
import { given } from '../arguments.js';
import { FewstepError } from '../errors.js';
import type { MlpModel } from '../mlp/field.js';
import { loadSidCheckpoint } from '../node/generator.js';
import { loadModel } from '../node/model.js';
import type { SidProgress } from '../sid/run.js';
import { type SidLoss, type SidSettings, type SidWeighting, sidSettings } from '../sid/settings.js';

/** What the command line says of a run that begins; a resumed one has all but the rates from its checkpoint. */
export interface FreshSidOptions {
  teacher?: string;
  loss?: SidLoss;
  alpha?: number;
  weighting?: SidWeighting;
  steps?: number;
  batch?: number;
  lr?: number;
  fakeLr?: number;
  emaHalfLife?: number;
  seed?: number;
  measureEvery?: number;
  samples?: number;
}

/** A distillation to do, or to go on with. */
export interface SidRequest {
  teacher: MlpModel;
  teacherName: string;
  settings: SidSettings;
  measureEvery: number;
  samples?: number;
  progress?: SidProgress;
}

/** Measurements of a run, unless somebody says how often. */
const MEASUREMENTS = 40;
/** Steps from one to the next at least: a measurement costs about so many. */
const LEAST = 50;

/** @throws FewstepError for a run that cannot be: no teacher, or an option out of its bounds */
export async function freshSid(options: FreshSidOptions): Promise<SidRequest> {
  const {
    teacher: path,
    loss,
    alpha,
    weighting,
    steps,
    batch,
    lr: rate,
    fakeLr: fakeRate,
    emaHalfLife: halfLife,
    seed,
  } = options;
  if (path === undefined) {
    throw new FewstepError('bad-argument', 'there is no teacher', 'give --teacher or --resume');
  }
  if (alpha !== undefined && loss !== undefined && loss !== 'l2-alpha-l1') {
    throw new FewstepError('bad-argument', `--alpha says nothing to --loss ${loss}`, 'leave one of them out');
  }
  const settings = sidSettings(
    given({ loss, alpha, weighting, steps, batch, rate, fakeRate, halfLife, seed }),
  );
  const { config, parameters, scaling, labelNames } = await loadModel(path);
  return {
    teacher: { config, parameters, scaling, labelNames },
    teacherName: basename(path),
    settings,
    samples: options.samples,
    measureEvery: options.measureEvery ?? Math.max(LEAST, Math.ceil(settings.steps / MEASUREMENTS)),
  };
}

/**
 * The run of a checkpoint. Its learning rates may be others: a run that broke would break again at its own.
 * @throws FewstepError for options that it cannot take any more
 */
export async function resumedSid(path: string, options: FreshSidOptions): Promise<SidRequest> {
  const { lr: rate, fakeLr: fakeRate, ...others } = options;
  const [foreign] = Object.keys(given(others));
  if (foreign !== undefined) {
    throw new FewstepError(
      'bad-argument',
      `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --resume`,
      'leave it out: the run goes on as it began, but for --lr and --fake-lr',
    );
  }
  const { settings, ...checkpoint } = await loadSidCheckpoint(path);
  return { ...checkpoint, settings: sidSettings({ ...settings, ...given({ rate, fakeRate }) }) };
}
