import { checkText } from '../arguments.js';
import { unknownName } from '../errors.js';
import type { Process } from './process.js';

/**
 * What a network predicts of x_t = A x_0 + B eps, with A = alpha-bar(t) and B = beta-bar(t): the noise eps, the data
 * x_0, v = A eps - B x_0 (arXiv 2202.00512), the score -eps / B, or the velocity dx_t/dt = A' x_0 + B' eps along the
 * straight pair (x_0, eps) (flow matching, arXiv 2210.02747).
 */
export const PREDICTIONS = ['eps', 'x0', 'v', 'score', 'velocity'] as const;
/** One of PREDICTIONS. */
export type Prediction = (typeof PREDICTIONS)[number];

/** What other libraries call them. */
const ELSEWHERE: Readonly<Record<string, Prediction>> = {
  epsilon: 'eps',
  noise: 'eps',
  sample: 'x0',
  v_prediction: 'v',
  flow_prediction: 'velocity',
};

/**
 * A name as a `Prediction`, where it is one.
 * @throws FewstepError unknown-name, with the nearest; bad-argument for what is no text
 */
export function parsePrediction(name: string): Prediction {
  checkText('the prediction', name, `give one of ${PREDICTIONS.join(', ')}`);
  if ((PREDICTIONS as readonly string[]).includes(name)) return name as Prediction;
  throw unknownName(
    'prediction',
    name,
    PREDICTIONS,
    Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined,
  );
}

/** How D comes out of a prediction F at one noise level: D(x, sigma) = skip x + out F(input x, t). */
export interface Translation {
  /** The process' own time, which F is told. */
  time: number;
  /** alpha-bar: x is x_t / alpha-bar, as solvers have it, and F wants x_t. */
  input: number;
  /** Factors of x and of F. */
  skip: number;
  out: number;
}

/**
 * The denoiser that a network trained in another convention is, at one noise level. From x_t = A x_0 + B eps and the
 * definition of what is predicted, solved for x_0, with x = x_t / A.
 * @throws FewstepError bad-argument where the process never has this sigma
 */
export function translation(process: Process, prediction: Prediction, sigma: number): Translation {
  const time = process.timeOf(sigma);
  const alpha = process.alphaBar(time);
  const beta = sigma * alpha;
  const common = { time, input: alpha };
  switch (prediction) {
    case 'eps':
      return { ...common, skip: 1, out: -sigma };
    case 'x0':
      return { ...common, skip: 0, out: 1 };
    case 'v': {
      const square = alpha * alpha + beta * beta;
      return { ...common, skip: (alpha * alpha) / square, out: -beta / square };
    }
    case 'score':
      return { ...common, skip: 1, out: sigma * beta };
    case 'velocity': {
      // u = A' x_0 + B' eps and B = sigma A give x_0 = x (1 + sigma A' / (A sigma')) - sigma u / (A sigma').
      const slope = process.g2(time) / (2 * alpha * beta);
      return { ...common, skip: 1 + (sigma * process.f(time)) / slope, out: -sigma / (alpha * slope) };
    }
  }
}
