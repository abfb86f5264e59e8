import { Curve } from '../process/curve.js';
import { type Prediction, translation } from '../process/prediction.js';
import { logSigmasOf, processOf, type StoredProcess, sigmaAt } from '../process/tabulated.js';
import type { Precondition, Preconditioning } from './precondition.js';

/** What a network predicts, and of which forward process, where that is not EDM's preconditioning. */
export interface Convention {
  /** A built-in as one writes it, or the table that `tabulate` makes of one's own. */
  process: StoredProcess;
  prediction: Prediction;
}

/** A convention without the numbers of its process. */
export function namedConvention({ process, prediction }: Convention): {
  process: string;
  prediction: Prediction;
} {
  return { process: typeof process === 'string' ? process : process.name, prediction };
}

/**
 * How D comes out of a network F of another convention: D = skip x + out F(input x, noise), as `translation` says, with
 * three choices that leave open what is predicted:
 * - F sees x_t divided by its standard deviation, which is x / sqrt(sigma^2 + sd^2): in VE processes x_t itself
 *   reaches 80.
 * - F is told its process' time, as the share of its range that has gone by; of a process whose alpha-bar is 1,
 *   ln(sigma) / 4, as EDM's.
 * - A score is F / beta-bar, as Score-SDE's networks have it (arXiv 2011.13456, appendix C): it reaches 500 itself.
 *
 * All four are smooth functions of ln sigma, kept as curves for the kernels to interpolate. Where `out` grows as sigma
 * does, for eps and score, that part is apart, since x - sigma F cancels at large sigma.
 */
export class ConventionTable implements Preconditioning {
  private readonly curves: Record<keyof Precondition, Curve>;
  /** out is growth sigma + its curve. */
  private readonly growth: number;

  constructor({ process: stored, prediction }: Convention, sigmaData: number) {
    const process = processOf(stored);
    const { min, max } = process.range;
    const knots = logSigmasOf(process);
    this.growth = prediction === 'eps' ? -1 : prediction === 'score' ? 1 : 0;
    const exploding = process.alphaBar(min) === 1 && process.alphaBar(max) === 1;
    const points = Array.from({ length: knots.count }, (_, i): Precondition => {
      const sigma = sigmaAt(process, knots, i);
      const { time, skip, out } = translation(process, prediction, sigma);
      return {
        skip,
        out: this.growth === 0 ? out : 0,
        input: 1 / Math.hypot(sigma, sigmaData),
        noise: exploding ? Math.log(sigma) / 4 : (time - min) / (max - min),
      };
    });
    const curve = (entry: keyof Precondition) =>
      new Curve(
        knots.first,
        knots.step,
        Float64Array.from(points, (point) => point[entry]),
      );
    this.curves = { skip: curve('skip'), out: curve('out'), input: curve('input'), noise: curve('noise') };
  }

  /** Noise levels that the process has. */
  get range(): { sigmaMin: number; sigmaMax: number } {
    const { first, last } = this.curves.noise;
    return { sigmaMin: Math.exp(first), sigmaMax: Math.exp(last) };
  }

  at(sigma: number): Precondition {
    const log = Math.log(sigma);
    const { skip, out, input, noise } = this.curves;
    return {
      skip: skip.value(log),
      out: this.growth * sigma + out.value(log),
      input: input.value(log),
      noise: noise.value(log),
    };
  }

  slope(sigma: number): Precondition {
    const log = Math.log(sigma);
    const { skip, out, input, noise } = this.curves;
    return {
      skip: skip.slope(log) / sigma,
      out: this.growth + out.slope(log) / sigma,
      input: input.slope(log) / sigma,
      noise: noise.slope(log) / sigma,
    };
  }

  /** As shaders/mlp/convention.wgsl reads it. */
  packed(): Float32Array {
    const { skip, out, input, noise } = this.curves;
    const all = [skip, out, input, noise];
    const knots = Array.from(noise.values, (_, i) => [
      ...all.map(({ values }) => values[i]),
      ...all.map(({ slopes }) => slopes[i]),
      ...all.map(({ curvatures }) => curvatures[i]),
    ]);
    const header = [noise.first, 1 / noise.step, noise.values.length - 1, this.growth];
    return Float32Array.from([...header, ...knots.flat()]);
  }
}
