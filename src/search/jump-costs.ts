import { analyticalFirst } from '../solver/afs.js';

/** Trajectories of a teacher with the velocities at its own times. */
export interface TeacherRun {
  /** Decreasing times, [nodes]. */
  times: readonly number[];
  dim: number;
  /** State at each time, [nodes] of [trajectories * dim]. */
  states: readonly Float32Array[];
  /** Velocity at each state but the last, [nodes - 1] of [trajectories * dim]. */
  velocities: readonly Float32Array[];
}

/**
 * What an Euler jump from one of the teacher's states to each later time costs: the L2 distance to the teacher's state
 * there, |x_i + (t_j - t_i) d_i - x_j|, mean over the trajectories. (GITS's code calls this metric `l2`; it also has
 * `l1`, and `dev`, the difference of the distances to the chord.)
 *
 * @returns [nodes * nodes], cost from i to j at [i * nodes + j], 0 where j <= i
 */
export function jumpCosts({ times, dim, states, velocities }: TeacherRun): Float64Array {
  const nodes = times.length;
  const costs = new Float64Array(nodes * nodes);
  for (let i = 0; i < nodes - 1; i++) {
    for (let j = i + 1; j < nodes; j++) {
      costs[i * nodes + j] = meanDistance(states[i], velocities[i], times[j] - times[i], states[j], dim);
    }
  }
  return costs;
}

/**
 * The same for a first step that is analytical (AFS): its direction is a share of x.
 *
 * @returns costs from the first time to each, [nodes]
 */
export function analyticalCosts({ times, dim, states }: TeacherRun): Float64Array {
  const share = analyticalFirst(times[0]).velocity;
  return Float64Array.from(times, (time, j) =>
    j === 0 ? 0 : meanDistance(states[0], states[0], (time - times[0]) * share, states[j], dim),
  );
}

/** Mean over rows of |x + h d - target|. */
function meanDistance(
  x: Float32Array,
  d: Float32Array,
  h: number,
  target: Float32Array,
  dim: number,
): number {
  let sum = 0;
  for (let row = 0; row < x.length; row += dim) {
    let squared = 0;
    for (let at = row; at < row + dim; at++) {
      const difference = x[at] + h * d[at] - target[at];
      squared += difference * difference;
    }
    sum += Math.sqrt(squared);
  }
  return (sum * dim) / x.length;
}
