import type { Denoise } from '../field/field.js';
import type { SigmaRange } from '../grid/grid.js';
import { quantileOfSorted } from '../metrics/quantile.js';
import { random } from '../rng/random.js';

/** How a trained field compares with an exact one at one noise level, on held-out data noised to it. */
export interface ErrorLevel {
  sigma: number;
  /**
   * |D - D*| / |x - D*| over the states: the relative error of the velocity (x - D) / sigma. Median, and the 5th and
   * 95th percentiles.
   */
  relative: { low: number; median: number; high: number };
  /** Root mean square of D - y per dimension, y being the data that the states were made of: of each field. */
  denoising: { network: number; exact: number };
}

/** How many noise levels errors are measured at. */
export const ERROR_LEVELS = 17;

/** These levels, evenly spaced in ln sigma over a range, to three digits. */
export function errorSigmas({ sigmaMin, sigmaMax }: SigmaRange): number[] {
  return Array.from({ length: ERROR_LEVELS }, (_, i) => {
    const sigma = Number((sigmaMin * (sigmaMax / sigmaMin) ** (i / (ERROR_LEVELS - 1))).toPrecision(3));
    return Math.min(sigmaMax, Math.max(sigmaMin, sigma));
  });
}

/**
 * Compares two fields at some noise levels, in float64 on the host.
 *
 * @param clean held-out data in the fields' units, [rows, dim]
 * @param seed of the noise
 */
export async function fieldErrors(
  network: Denoise,
  exact: Denoise,
  clean: Float32Array,
  dim: number,
  sigmas: readonly number[],
  seed: number,
  signal?: AbortSignal,
): Promise<ErrorLevel[]> {
  const source = random(seed);
  const levels: ErrorLevel[] = [];
  for (const sigma of sigmas) {
    levels.push(errorsAt(network, exact, clean, dim, sigma, source.normal));
    await new Promise((resume) => setTimeout(resume)); // for Ctrl-C
    signal?.throwIfAborted();
  }
  return levels;
}

function errorsAt(
  network: Denoise,
  exact: Denoise,
  clean: Float32Array,
  dim: number,
  sigma: number,
  normal: () => number,
): ErrorLevel {
  const [x, learned, truth] = [0, 1, 2].map(() => new Float64Array(dim));
  const relative = new Float64Array(clean.length / dim);
  const squares = { network: 0, exact: 0 };
  for (let row = 0; row < relative.length; row++) {
    const y = clean.subarray(row * dim, (row + 1) * dim);
    for (let d = 0; d < dim; d++) x[d] = y[d] + sigma * normal();
    network(x, sigma, learned);
    exact(x, sigma, truth);
    const step = Math.sqrt(squaredDistance(x, truth));
    const error = Math.sqrt(squaredDistance(learned, truth));
    relative[row] = error === 0 ? 0 : error / step;
    squares.network += squaredDistance(learned, y) / clean.length;
    squares.exact += squaredDistance(truth, y) / clean.length;
  }
  relative.sort();
  return {
    sigma,
    relative: {
      low: quantileOfSorted(relative, 0.05),
      median: quantileOfSorted(relative, 0.5),
      high: quantileOfSorted(relative, 0.95),
    },
    denoising: { network: Math.sqrt(squares.network), exact: Math.sqrt(squares.exact) },
  };
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d] - b[d]) ** 2;
  return sum;
}
