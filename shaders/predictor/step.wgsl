import package::math::sine::sine;
import package::mlp::activation::silu;
import package::predictor::weights::predictor_weights;

/// The predictor is asked for one step, or the gradient of its answers goes back.
struct Step {
  current: f32, // t_c
  next: f32, // t_n
  trajectories: u32,
  answer: u32, // the row of the step's r among the answers; those of the scales follow
  offset_r: f32, // added to the logits
  offset_direction: f32,
  offset_time: f32,
  features: u32, // where the step's own features are kept, in vec4
  blind: u32, // whether there were none to read
  // Ends of loops, which compilers must not know: lavapipe unrolls what it knows, and compiled these kernels for minutes.
  hidden_quads: u32, // HIDDEN / 4
  feature_quads: u32, // FEATURE_QUADS
  channels: u32, // CHANNELS
}

@group(0) @binding(3) var<uniform> operation: Step;

const HIDDEN = 128u;
const FEATURE_QUADS = 16u;
const CHANNELS = 8u;
const WAVE_QUADS = CHANNELS / 4; // sines, cosines
// Where each tensor starts in the parameters, in vec4: networkLayout of network-config.ts.
const HIDDEN_BIAS = HIDDEN * FEATURE_QUADS;
const OUTPUT_WEIGHT = HIDDEN_BIAS + HIDDEN / 4;
const OUTPUT_BIAS = OUTPUT_WEIGHT + HIDDEN;
const TIME_WEIGHT = OUTPUT_BIAS + 1;
const TIME_BIAS = TIME_WEIGHT + 16;
const HEADS = TIME_BIAS + 2;
const HEAD_READS = 5u; // the bottleneck, then both times' embeddings
const HEAD_QUADS = HEAD_READS + 1; // and the bias

/// sin(t w_k), cos(t w_k) with w_k = 10000^(-k/3).
fn waves(time: f32) -> array<vec4f, 2> {
  let turns = time * vec4f(1, 0.0464158883361278, 0.00215443469003188, 0.0001) / 6.283185307179586;
  return array<vec4f, 2>(sine(turns), sine(turns + 0.25));
}

/// The shared layer of a time before SiLU; channels as in Step.
fn time_layer(time: f32, channels: u32) -> array<vec4f, 2> {
  let wave = waves(time);
  var sums = array<vec4f, 2>(predictor_weights[TIME_BIAS], predictor_weights[TIME_BIAS + 1]);
  for (var o = 0u; o < channels; o++) {
    let row = TIME_WEIGHT + WAVE_QUADS * o;
    sums[o / 4][o % 4] += dot(predictor_weights[row], wave[0]) + dot(predictor_weights[row + 1], wave[1]);
  }
  return sums;
}

/// Both times as the heads read them.
fn embedded(current: f32, next: f32, channels: u32) -> array<vec4f, 4> {
  let first = time_layer(current, channels);
  let second = time_layer(next, channels);
  return array<vec4f, 4>(silu(first[0]), silu(first[1]), silu(second[0]), silu(second[1]));
}
