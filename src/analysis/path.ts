import { FewstepError } from '../errors.js';

/** One trajectory with the velocities along it. */
export interface Path {
  /** Decreasing times, [N]. */
  times: readonly number[];
  dim: number;
  /** State at each time, [N * dim]. */
  states: Float64Array;
  /** Velocity at each state, [N * dim]. */
  velocities: Float64Array;
}

/** A trajectory beside the straight line from its first state to its last. */
export interface Chord {
  length: number;
  /** Distance of each state to the line, [N]. */
  distances: Float64Array;
}

/**
 * The chord of a trajectory and how far the trajectory leaves it.
 * @throws FewstepError bad-field where the last state is the first
 */
export function chordOf({ states, dim }: Path): Chord {
  const count = states.length / dim;
  const direction = states.slice(-dim).map((value, d) => value - states[d]);
  const length = norm(direction);
  if (!(length > 0)) {
    throw new FewstepError(
      'bad-field',
      'a trajectory ends where it begins, so that nothing can be said of its shape',
      'check the field: its denoiser should not return the state itself',
    );
  }
  const distances = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let along = 0;
    for (let d = 0; d < dim; d++) along += ((states[i * dim + d] - states[d]) * direction[d]) / length;
    let squared = 0;
    for (let d = 0; d < dim; d++) {
      squared += (states[i * dim + d] - states[d] - (along * direction[d]) / length) ** 2;
    }
    distances[i] = Math.sqrt(squared);
  }
  return { length, distances };
}

/** |x|. Math.hypot would take each number as an argument, of which there can be too many. */
export function norm(x: Float64Array): number {
  return Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
}
