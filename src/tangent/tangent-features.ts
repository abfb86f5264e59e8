import type { DataFigures } from '../predictor/network-predictor.js';
import { FIGURES, type TangentLayout } from './tangent-layout.js';

/** Squared lengths, in units of what they are compared with, below which a length counts as none: 1e-4. */
const SOFTENING = 1e-8;

/** An evaluation and the one before it, of one trajectory. */
export interface Evaluated {
  x: Float64Array;
  denoised: Float64Array;
  previous: Float64Array | undefined;
  /** What the field was told. */
  time: number;
}

/**
 * What a tangent network reads, in float64: the twin of shaders/tangent/network.wgsl. How far x, D and the D before
 * are from the mean of the data and from each other, the angles between those, and (D - mean) / std. Lengths below
 * 1e-4 fade out, since float32 knows no differences of D below.
 * @returns [inputs]; 0 where a feature needs a D before and there is none
 */
export function tangentFeatures(
  { x, denoised, previous, time }: Evaluated,
  { mean, std }: DataFigures,
  { inputs, directions }: TangentLayout,
): Float64Array {
  const dim = x.length;
  let [state, data, noise, change] = [0, 0, 0, 0];
  let [dataState, changeNoise, changeData] = [0, 0, 0];
  for (let d = 0; d < dim; d++) {
    const fromMean = x[d] - mean[d];
    const toMean = denoised[d] - mean[d];
    const apart = x[d] - denoised[d];
    const moved = previous ? denoised[d] - previous[d] : 0;
    state += fromMean * fromMean;
    data += toMean * toMean;
    noise += apart * apart;
    change += moved * moved;
    dataState += toMean * fromMean;
    changeNoise += moved * apart;
    changeData += moved * toMean;
  }
  const square = std * std;
  const soft = (length: number) => Math.sqrt(length + SOFTENING * square);
  const features = new Float64Array(inputs);
  features[0] = 2 * Math.log(state / dim / (time * time + square) + SOFTENING);
  features[1] = 0.5 * Math.log(data / square + SOFTENING);
  features[2] = previous ? 0.5 * Math.log(change / square + SOFTENING) : 0;
  features[3] = 0.5 * Math.log(noise / (time * time) + SOFTENING);
  features[4] = 0.15 * Math.log(noise / square + SOFTENING);
  features[5] = dataState / (soft(data) * soft(state));
  features[6] = changeNoise / (soft(change) * soft(noise));
  features[7] = changeData / (soft(change) * soft(data));
  for (let d = 0; d < directions; d++) features[FIGURES + d] = (denoised[d] - mean[d]) / std;
  return features;
}
