/**
 * A model that other code computes, for `--field examples/external_field.mjs` or `externalField` of the package. This
 * one knows data of two points, PLUS and -PLUS, and predicts the noise in x_t = A x_0 + B eps. In its place may stand
 * anything that takes [count, dim] states and their times, such as a session of ONNX Runtime. One of 1,000 steps is told
 * 999 t: `modelTime: (t) => 999 * t`, beside `dim`.
 *
 *   const session = await ort.InferenceSession.create('model.onnx');
 *   async predict(states, times) {
 *     const x = new ort.Tensor('float32', states, [times.length, dim]);
 *     const t = new ort.Tensor('float32', times, [times.length]);
 *     return (await session.run({ x, t })).eps.data;
 *   }
 */
const PLUS = [1, 0.5];
const dim = PLUS.length;

export default {
  dim,
  prediction: 'eps',
  process: 'vp-linear',
  predict(states, times) {
    return states.map((_, i) => {
      const trajectory = Math.floor(i / dim);
      const x = states.subarray(trajectory * dim, (trajectory + 1) * dim);
      const a = alphaBar(times[trajectory]);
      const b = Math.sqrt(1 - a * a);
      const along = x.reduce((sum, value, d) => sum + value * PLUS[d], 0);
      const denoised = PLUS[i % dim] * Math.tanh((a * along) / (b * b));
      return (x[i % dim] - a * denoised) / b;
    });
  },
};

/** As `fewstep processes` has it of vp-linear: beta(t) from 0.1 to 20. */
function alphaBar(t) {
  return Math.exp(-(19.9 * t * t) / 4 - (0.1 * t) / 2);
}
