import { FewstepError } from '../errors.js';
import type { MlpConfig } from '../mlp/config.js';
import { type Prediction, translation } from '../process/prediction.js';
import type { Process } from '../process/process.js';
import { processOf } from '../process/tabulated.js';
import type { TrainingSettings, WeightingName } from './settings.js';

/** Linear interpolation between so many points errs by 3e-4 of sigma at most where times are even in a VP process. */
const POINTS = 2 ** 14;
/** Largest signal-to-noise ratio that min-snr weighs by (Hang et al., arXiv 2303.09556). */
const GAMMA = 5;

/**
 * Noise levels of the loss 'prediction', whose times are even over the process of the network's convention: (ln sigma,
 * ln weight) at even shares of the times, [POINTS, 2], the weight that of |D - y|^2. Nothing for other losses.
 * @throws FewstepError bad-argument for a network without a convention, or one that cannot be trained so
 */
export function levelTable(
  { convention }: Pick<MlpConfig, 'convention'>,
  { loss, weighting, sigmaMin }: Pick<TrainingSettings, 'loss' | 'weighting' | 'sigmaMin'>,
): Float32Array | undefined {
  if (loss !== 'prediction') return undefined;
  if (!convention) {
    throw new FewstepError(
      'bad-argument',
      "the loss 'prediction' is that of a network of another convention than EDM's",
      'give the network a process and a prediction, or another loss',
    );
  }
  const process = processOf(convention.process);
  const [first, last] = trainedTimes(process, sigmaMin);
  const table = new Float32Array(2 * POINTS);
  for (let i = 0; i < POINTS; i++) {
    const sigma = process.sigma(first + ((last - first) * i) / (POINTS - 1));
    table[2 * i] = Math.log(sigma);
    table[2 * i + 1] = Math.log(weightOf(process, convention.prediction, weighting, sigma));
  }
  return table;
}

/** From sigmaMin on, where sampling ends, or where the process begins. */
function trainedTimes(process: Process, sigmaMin: number): [first: number, last: number] {
  const { min, max } = process.range;
  return [process.sigma(min) >= sigmaMin ? min : process.timeOf(sigmaMin), max];
}

function weightOf(process: Process, prediction: Prediction, weighting: WeightingName, sigma: number): number {
  switch (weighting) {
    case 'prediction': {
      // The usual weight of a score is beta-bar^2, which is |F + z|^2 of a network that is divided by beta-bar.
      const { out } = translation(process, prediction === 'score' ? 'eps' : prediction, sigma);
      return 1 / out ** 2;
    }
    case 'likelihood': {
      const time = process.timeOf(sigma);
      return process.g2(time) / process.alphaBar(time) ** 2 / sigma ** 4;
    }
    case 'min-snr':
      return Math.min(GAMMA, 1 / sigma ** 2);
  }
}
