// The network of one evaluation, features -> 32 SiLU -> 3 moves, one trajectory an invocation. It reads how far x, D and
// the D before are from the mean of the data and from each other, the angles between those, and (D - mean) / std.
// Features and the hidden layer are kept for the way back.
import package::batch::dispatch::linear_index;
import package::batch::scalar::scalar_of;
import package::mlp::activation::silu;
import package::tangent::evaluation::{ HIDDEN_QUADS, operation, weights };

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(4) var<storage, read_write> features: array<vec4f>; // [trajectories, feature_quads]
@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 evaluations, trajectories]
@group(0) @binding(7) var<storage, read_write> hidden: array<vec4f>; // [trajectories, HIDDEN_QUADS], before SiLU
@group(0) @binding(8) var<storage, read> center: array<f32>; // [dim], the mean of the data

/// Squared lengths, in units of what they are compared with, below which a length counts as none: float32 knows no
/// differences of D below.
const SOFTENING = 1e-8;
/// Where the layers behind the first start, from the first's bias.
const OUTPUT_WEIGHT = HIDDEN_QUADS;
const OUTPUT_BIAS = OUTPUT_WEIGHT + 3 * HIDDEN_QUADS;

@compute @workgroup_size(64)
fn network(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  write_features(trajectory);
  let own = operation.features + trajectory * operation.feature_quads;
  let bias = operation.weights + 4 * HIDDEN_QUADS * operation.feature_quads;
  let outputs = bias + OUTPUT_WEIGHT;
  var output = weights[bias + OUTPUT_BIAS].xyz;
  for (var quad = 0u; quad < operation.hidden_quads; quad++) {
    var z = weights[bias + quad];
    for (var i = 0u; i < operation.feature_quads; i++) {
      let row = operation.weights + 4 * quad * operation.feature_quads + i;
      let feature = features[own + i];
      z += vec4f(
        dot(weights[row], feature),
        dot(weights[row + operation.feature_quads], feature),
        dot(weights[row + 2 * operation.feature_quads], feature),
        dot(weights[row + 3 * operation.feature_quads], feature),
      );
    }
    hidden[operation.hidden + trajectory * HIDDEN_QUADS + quad] = z;
    let activated = silu(z);
    output += vec3f(
      dot(weights[outputs + quad], activated),
      dot(weights[outputs + HIDDEN_QUADS + quad], activated),
      dot(weights[outputs + 2 * HIDDEN_QUADS + quad], activated),
    );
  }
  for (var j = 0u; j < 3; j++) {
    // tanh is 1 from 10 on, and overflows on some devices far beyond.
    let bounded = tanh(clamp(output[j], -10, 10));
    let share = select(output[j], bounded, operation.asked[j].bounded != 0);
    answers[(operation.answer + j) * operation.trajectories + trajectory] = operation.asked[j].width * share;
  }
}

fn write_features(trajectory: u32) {
  let dim = operation.dim;
  let row = trajectory * dim;
  let has_previous = operation.has_previous != 0;
  var state = 0.0;
  var data = 0.0;
  var noise = 0.0;
  var change = 0.0;
  var data_state = 0.0;
  var change_noise = 0.0;
  var change_data = 0.0;
  for (var d = 0u; d < dim; d++) {
    let x = slots[operation.state + row + d];
    let denoised = slots[operation.output + row + d];
    let from_mean = x - center[d];
    let to_mean = denoised - center[d];
    let apart = x - denoised;
    let moved = select(0, denoised - slots[operation.previous + row + d], has_previous);
    state += from_mean * from_mean;
    data += to_mean * to_mean;
    noise += apart * apart;
    change += moved * moved;
    data_state += to_mean * from_mean;
    change_noise += moved * apart;
    change_data += moved * to_mean;
  }
  let time = scalar_of(operation.time, trajectory, operation.trajectories);
  let square = operation.spread * operation.spread;
  // 4 log |x - mean| / sqrt(dim (t^2 + s^2)), log |D - mean| / s, log |D - D before| / s, log |x - D| / t.
  let ratios = vec4f(state / f32(dim) / (time * time + square), data / square, change / square, noise / (time * time));
  let lengths = log(ratios + SOFTENING) * vec4f(2, 0.5, select(0, 0.5, has_previous), 0.5);
  // .3 log |x - D| / s, and cosines.
  let soft = sqrt(vec4f(state, data, noise, change) + SOFTENING * square);
  let angles = vec4f(
    0.15 * log(noise / square + SOFTENING),
    data_state / (soft.y * soft.x),
    change_noise / (soft.w * soft.z),
    change_data / (soft.w * soft.y),
  );
  let start = operation.features + trajectory * operation.feature_quads;
  features[start] = lengths;
  features[start + 1] = angles;
  for (var quad = 2u; quad < operation.feature_quads; quad++) {
    var directions = vec4f(0);
    for (var lane = 0u; lane < 4; lane++) {
      let d = 4 * (quad - 2) + lane;
      if (d < operation.directions) {
        directions[lane] = (slots[operation.output + row + d] - center[d]) / operation.spread;
      }
    }
    features[start + quad] = directions;
  }
}
