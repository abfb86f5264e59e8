import { FewstepError } from '../errors.js';
import type { Convention } from '../mlp/convention.js';
import { loadStoredProcess } from '../node/process.js';
import type { Prediction } from '../process/prediction.js';
import { LOSS_PROCESSES, type LossName, type LossProcess, type WeightingName } from '../train/settings.js';

/** What the command line says of a network's convention and loss. */
export interface ConventionOptions {
  process?: string;
  prediction?: Prediction;
  weighting?: WeightingName;
  loss?: LossName;
}

/** The convention, and the settings that follow from it; what is undefined has its default. */
export interface ChosenConvention {
  convention?: Convention;
  loss?: LossName;
  process?: LossProcess;
  weighting?: WeightingName;
}

/**
 * Reads --process, --prediction, --weighting and --loss, which depend on each other: a score-sde loss takes one of
 * two processes, a prediction any.
 * @throws FewstepError bad-argument for what does not go together, and as `loadStoredProcess`
 */
export async function conventionOf(options: ConventionOptions): Promise<ChosenConvention> {
  const { process, prediction, weighting, loss } = options;
  if (prediction === undefined) {
    if (weighting !== undefined || loss === 'prediction') {
      const what = weighting === undefined ? '--loss prediction' : '--weighting';
      throw refused(
        `${what} says something about --prediction`,
        'give --process and --prediction, or leave it out',
      );
    }
    if (process === undefined) return { loss };
    if (loss === 'score-sde' || loss === 'score-sde-likelihood') {
      if (isLossProcess(process)) return { loss, process };
      throw refused(`--loss ${loss} has no process ${process}`, `give ${LOSS_PROCESSES.join(' or ')}`);
    }
    throw refused(
      `--process ${process} is given without --prediction`,
      'say what the network predicts: --prediction eps, x0, v, score or velocity; or choose --loss score-sde',
    );
  }
  if (process === undefined) {
    throw refused(
      `--prediction ${prediction} is given without --process`,
      'give one of `fewstep processes`, such as vp-linear, or a module of your own',
    );
  }
  if (loss === 'score-sde' || loss === 'score-sde-likelihood') {
    throw refused(
      `--loss ${loss} has a process of its own`,
      'leave it out: with --prediction the loss is that of the prediction; --weighting likelihood weighs as the likelihood does',
    );
  }
  if (loss === 'edm' && weighting !== undefined) {
    throw refused('--weighting says something about --loss prediction', 'leave out one of the two');
  }
  const convention = { process: await loadStoredProcess(process), prediction };
  return { convention, loss: loss ?? 'prediction', weighting };
}

function isLossProcess(name: string): name is LossProcess {
  return (LOSS_PROCESSES as readonly string[]).includes(name);
}

function refused(what: string, remedy: string): FewstepError {
  return new FewstepError('bad-argument', what, remedy);
}
