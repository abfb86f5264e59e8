import { checkEntries, type Entries } from '../arguments.js';
import { FewstepError } from '../errors.js';
import { refuseConditions } from '../execute/conditions.js';
import { checkWhole } from '../execute/inputs.js';
import { driftSlope } from '../execute/integrate-reference.js';
import { checkField } from '../field/check.js';
import type { Field } from '../field/field.js';
import { quantileOfSorted } from '../metrics/quantile.js';
import { countSamples } from '../metrics/samples.js';
import { rademacher } from '../rng/rademacher.js';
import { RESIDUAL_STREAM } from '../rng/streams.js';
import { normals } from '../rng/threefry.js';

/** The residual at one noise level, relative: its distribution over states. */
export interface FokkerPlanckLevel {
  /** The noise level. */
  sigma: number;
  /** How many states the figures are over. */
  states: number;
  mean: number;
  median: number;
  /** 5th and 95th percentile. */
  p5: number;
  p95: number;
}

/** Where the residual is measured. */
export interface FokkerPlanckOptions {
  /** Clean data [rows, dim], in the field's units, to which noise is added. */
  data: ArrayLike<number>;
  /** Noise levels, above 0. */
  sigmas: readonly number[];
  /** States at each level, 64 by default; row i of the data gives state i, round and round. */
  states?: number;
  /** Of the noise and of random directions; 0 by default. */
  seed?: number;
  signal?: AbortSignal;
  /** Called after each state with the number done, of all levels together. */
  onProgress?: (done: number) => void;
}

const ENTRIES: Entries<FokkerPlanckOptions> = {
  ...{ data: true, sigmas: true, states: false, seed: false, signal: false, onProgress: false },
};

/** Step of the central difference along a direction, in units of sigma: it leaves out some STEP^2 / 6. */
const STEP = 1e-3;

/**
 * How far a field is from being the score of any diffusing density. The score s = (D - x) / sigma^2 of a density that
 * solves the heat equation, dp/d sigma = sigma Laplacian p, satisfies the Fokker-Planck equation of the score
 * (Lai et al., arXiv 2210.04296):
 *
 *   ds/d sigma = sigma grad (div s + |s|^2)
 *
 * The residual of a state is the root mean square of both sides' difference along the axes, or along 2 random directions
 * where there are more than 8 axes, over the root mean square of ds/d sigma over all states of the level: 0 for an
 * exact field, 1 where the two have nothing in common. In float64 on the CPU: the divergence is exact, the gradient on
 * the right a central difference along each direction.
 * @returns one entry a level, in the order of `sigmas`
 * @throws FewstepError bad-field for a field without a float64 gradient, bad-argument for a noise level that is not
 *   positive or a number of states below 1, and as `countSamples` for the data
 */
export async function fokkerPlanckResidual(
  field: Field,
  options: FokkerPlanckOptions,
): Promise<FokkerPlanckLevel[]> {
  checkField(field);
  checkEntries("fokkerPlanckResidual's options", options, ENTRIES);
  const { data, sigmas, states = 64, seed = 0, signal, onProgress } = options;
  const { dim } = field;
  if (!field.gradient || !field.denoise) {
    throw new FewstepError(
      'bad-field',
      `the field '${field.kind}' has no float64 gradient, which the Fokker-Planck residual needs`,
      'leave the residual out, or give the field a float64 form',
    );
  }
  refuseConditions(field, 'the Fokker-Planck residual');
  const rows = countSamples(Float64Array.from(data), dim);
  checkWhole('number of states', states, 1);
  checkWhole('seed', seed, 0);
  const wrong = sigmas.find((sigma) => !(sigma > 0 && Number.isFinite(sigma)));
  if (wrong !== undefined) {
    throw new FewstepError('bad-argument', `a noise level is ${wrong}`, 'give positive numbers');
  }
  const residual = residualOf(field);
  const levels: FokkerPlanckLevel[] = [];
  for (const [level, sigma] of sigmas.entries()) {
    const found: { squares: number; size: number }[] = [];
    for (let n = 0; n < states; n++) {
      signal?.throwIfAborted();
      const noise = normals(seed, n, level, RESIDUAL_STREAM, dim);
      const x = noise.map((z, d) => data[(n % rows) * dim + d] + sigma * z);
      found.push(residual(x, sigma, directionsOf(dim, seed, n)));
      // Let others (a progress bar, Ctrl-C) run.
      if (n % 8 === 7) await new Promise((resume) => setTimeout(resume));
      onProgress?.(level * states + n + 1);
    }
    const size = Math.sqrt(found.reduce((sum, each) => sum + each.size, 0) / states);
    const sorted = Float64Array.from(found, ({ squares }) => Math.sqrt(squares) / size).sort();
    levels.push({
      sigma,
      states,
      mean: sorted.reduce((sum, value) => sum + value, 0) / states,
      median: quantileOfSorted(sorted, 0.5),
      p5: quantileOfSorted(sorted, 0.05),
      p95: quantileOfSorted(sorted, 0.95),
    });
  }
  return levels;
}

/** Up to so many axes; beyond that so many random directions of length 1, each of which costs two divergences. */
const MOST_AXES = 8;
const DIRECTIONS = 2;

function directionsOf(dim: number, seed: number, state: number): Float64Array[] {
  if (dim <= MOST_AXES) {
    return Array.from({ length: dim }, (_, d) =>
      Float64Array.from({ length: dim }, (_, i) => (i === d ? 1 : 0)),
    );
  }
  return Array.from({ length: DIRECTIONS }, (_, n) =>
    rademacher(seed, state, n, dim).map((sign) => sign / Math.sqrt(dim)),
  );
}

/** Mean squares over directions: of the difference, and of ds/d sigma. */
function residualOf(field: Field) {
  const { dim } = field;
  const slope = driftSlope(field);
  const drift = new Float64Array(dim);
  const pulled = new Float64Array(dim);
  /** div s + |s|^2 with s = -drift / sigma^2. */
  const potential = (x: Float64Array, sigma: number) => {
    const divergence = slope(x, sigma, drift);
    return -divergence / sigma ** 2 + drift.reduce((sum, value) => sum + value * value, 0) / sigma ** 4;
  };
  return (x: Float64Array, sigma: number, directions: readonly Float64Array[]) => {
    let [squares, size] = [0, 0];
    slope(x, sigma, drift);
    const own = drift.slice();
    for (const direction of directions) {
      const toSigma = field.gradient!(x, sigma, direction, pulled);
      const along = direction.reduce((sum, value, d) => sum + value * own[d], 0);
      // s = -drift / sigma^2 and d drift / d sigma = -dD / d sigma.
      const left = toSigma / sigma ** 2 + (2 * along) / sigma ** 3;
      const step = STEP * sigma;
      const moved = (by: number) => x.map((value, d) => value + by * direction[d]);
      const right = (sigma * (potential(moved(step), sigma) - potential(moved(-step), sigma))) / (2 * step);
      squares += (left - right) ** 2 / directions.length;
      size += left ** 2 / directions.length;
    }
    return { squares, size };
  };
}
