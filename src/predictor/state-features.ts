import { READ_FEATURES } from './network-config.js';

/** Features that are figures; the rest are (D - mean) / std. */
const FIGURES = 8;
const TINY = 1e-12;

/** Features of an evaluation that any field has, in float64: the twin of shaders/predictor/state_features.wgsl. */
export function stateFeatures(
  x: Float64Array,
  denoised: Float64Array,
  time: number,
  { mean, std }: { mean: ArrayLike<number>; std: number },
  out: Float64Array,
): void {
  const dim = x.length;
  let [state, data, noise, along] = [0, 0, 0, 0];
  for (let d = 0; d < dim; d++) {
    state += (x[d] - mean[d]) ** 2;
    data += (denoised[d] - mean[d]) ** 2;
    noise += (x[d] - denoised[d]) ** 2;
    along += (x[d] - mean[d]) * (denoised[d] - mean[d]);
  }
  out.fill(0);
  out[0] = 2 * Math.log(state / dim / (time ** 2 + std ** 2) + TINY);
  out[1] = 0.5 * Math.log(data / std ** 2 + TINY);
  out[2] = 0.5 * Math.log(noise / time ** 2 + TINY);
  out[3] = 0.15 * Math.log(noise / std ** 2 + TINY);
  out[4] = along / Math.sqrt(state * data + TINY);
  const pools = READ_FEATURES - FIGURES;
  for (let i = 0; i < pools; i++) {
    const first = dim <= pools ? i : Math.floor((i * dim) / pools);
    const end = dim <= pools ? Math.min(i + 1, dim) : Math.floor(((i + 1) * dim) / pools);
    let sum = 0;
    for (let d = first; d < end; d++) sum += denoised[d] - mean[d];
    if (first < end) out[FIGURES + i] = sum / (end - first) / std;
  }
}
