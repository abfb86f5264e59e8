import { norm, type Path } from './path.js';

/** How well one direction of the field, taken somewhere along the path, carries a whole step. */
export interface MeanValue {
  /** Least |h v(x(s), s) - increment| / |increment| over the times s of the step. */
  error: number;
  /** The same for s at the step's beginning: Euler's step from the true state. */
  eulerError: number;
  /** Angle between that best direction and the increment, degrees. */
  angle: number;
  /** Where the best s lies, in AMED's measure: s = next^r current^(1 - r). */
  r: number;
}

/**
 * The claim that AMED rests on (arXiv 2312.00094, section 3), put to the test on one step of a path: that there is a
 * time s in it whose velocity times h is the whole increment. In one dimension this is the mean value theorem; in more
 * it holds as far as the path lies in a plane, or nearly on a line. Between the times of the path its velocity is
 * taken as linear.
 *
 * @param from index of the time where the step begins
 * @param to index of the time where it ends
 */
export function meanValue(path: Path, from: number, to: number): MeanValue {
  const { times, dim, states, velocities } = path;
  const h = times[to] - times[from];
  // In units of a velocity: the mean velocity over the step.
  const mean = new Float64Array(dim);
  for (let d = 0; d < dim; d++) mean[d] = (states[to * dim + d] - states[from * dim + d]) / h;
  const size = norm(mean);

  let best = { squared: Infinity, at: from, weight: 0 };
  for (let a = from; a < to; a++) {
    const weight = nearest(velocities, a * dim, (a + 1) * dim, mean);
    const squared = squaredDistance(velocities, a * dim, (a + 1) * dim, weight, mean);
    if (squared < best.squared) best = { squared, at: a, weight };
  }
  const { squared, at, weight } = best;
  const s = times[at] + weight * (times[at + 1] - times[at]);
  let product = 0;
  let length = 0;
  for (let d = 0; d < dim; d++) {
    const value = mixed(velocities[at * dim + d], velocities[(at + 1) * dim + d], weight);
    product += value * mean[d];
    length += value * value;
  }
  const cosine = product / (Math.sqrt(length) * size);
  return {
    error: Math.sqrt(squared) / size,
    eulerError: Math.sqrt(squaredDistance(velocities, from * dim, from * dim, 0, mean)) / size,
    angle: (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI,
    r: Math.log(times[from] / s) / Math.log(times[from] / times[to]),
  };
}

/** The weight in [0, 1] of the vector at b for which its mix with that at a is nearest to the target. */
function nearest(values: Float64Array, a: number, b: number, target: Float64Array): number {
  let product = 0;
  let squared = 0;
  for (let d = 0; d < target.length; d++) {
    const difference = values[b + d] - values[a + d];
    product += (target[d] - values[a + d]) * difference;
    squared += difference * difference;
  }
  return squared === 0 ? 0 : Math.min(1, Math.max(0, product / squared));
}

function squaredDistance(values: Float64Array, a: number, b: number, weight: number, target: Float64Array) {
  let sum = 0;
  for (let d = 0; d < target.length; d++) {
    sum += (mixed(values[a + d], values[b + d], weight) - target[d]) ** 2;
  }
  return sum;
}

function mixed(a: number, b: number, weight: number): number {
  return (1 - weight) * a + weight * b;
}
