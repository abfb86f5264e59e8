import type { Samples } from '../../src/metrics/samples.js';

/** Trajectories that end at something else than the exact flow does. */
export interface Flips {
  /** Of all trajectories. */
  share: number;
  /** Mean error of the others; Infinity where there are none. */
  meanWithout: number;
}

/** What end points are near to: component means, data points, or classes of data points. */
export interface Anchors {
  what: 'components' | 'data points' | 'classes';
  /** [count * dim] */
  points: Float64Array;
  /** The class of each point; without it each is its own. */
  classes?: ArrayLike<number>;
}

/** Which anchor, or class of anchors, each sample is nearest to. */
export function nearest(samples: Samples, { points, classes }: Anchors, dim: number): Int32Array {
  const found = new Int32Array(samples.length / dim);
  for (let row = 0; row < found.length; row++) {
    let least = Infinity;
    for (let point = 0; point * dim < points.length; point++) {
      let distance = 0;
      for (let d = 0; d < dim && distance < least; d++) {
        distance += (samples[row * dim + d] - points[point * dim + d]) ** 2;
      }
      if (distance >= least) continue;
      least = distance;
      found[row] = point;
    }
  }
  return classes ? found.map((point) => classes[point]) : found;
}

/** @param reached, exact what each end point and each exact one is nearest to */
export function flipsOf(reached: Int32Array, exact: Int32Array, errors: Float64Array): Flips {
  let [kept, sum] = [0, 0];
  for (const [row, error] of errors.entries()) {
    if (reached[row] !== exact[row]) continue;
    kept += 1;
    sum += error;
  }
  return { share: 1 - kept / errors.length, meanWithout: kept === 0 ? Infinity : sum / kept };
}
