// The gradient of all weights: an invocation takes four of them and goes through the batch, always in the same order;
// of what moves for all trajectories, through the columns. 2 operations per weight and trajectory.
import package::mlp::activation::silu;
import package::tangent::evaluation::{ DELTA_QUADS, HIDDEN_QUADS };
import package::tangent::tangent::{ SLOPES, tangent };

struct Gradient {
  trajectories: u32,
  evaluations: u32,
  feature_quads: u32,
  columns: u32,
  tangent_width: u32,
  shared_count: u32, // parameters that move for all
}

@group(0) @binding(3) var<uniform> operation: Gradient;
@group(0) @binding(4) var<storage, read_write> features: array<vec4f>; // [evaluations, trajectories, feature_quads]
@group(0) @binding(5) var<storage, read_write> sums: array<f32>; // [columns], of their gradients
@group(0) @binding(6) var<storage, read_write> gradient: array<vec4f>; // as the weights
@group(0) @binding(7) var<storage, read_write> hidden: array<vec4f>; // [evaluations, trajectories, HIDDEN_QUADS]
@group(0) @binding(8) var<storage, read_write> deltas: array<vec4f>; // [evaluations, trajectories, DELTA_QUADS]

@compute @workgroup_size(64)
fn weight_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&gradient)) {
    return;
  }
  let bias = 4 * HIDDEN_QUADS * operation.feature_quads;
  let network = bias + 4 * HIDDEN_QUADS + 1;
  let evaluation = id.x / network;
  if (evaluation >= operation.evaluations) {
    gradient[id.x] = shared_part(id.x - network * operation.evaluations);
    return;
  }
  gradient[id.x] = part(evaluation, id.x % network, bias);
}

/// Of weights `i` of a network.
fn part(evaluation: u32, i: u32, bias: u32) -> vec4f {
  let first = evaluation * operation.trajectories;
  var sum = vec4f(0);
  if (i < bias) {
    let h = i / operation.feature_quads;
    let feature = i % operation.feature_quads;
    for (var b = first; b < first + operation.trajectories; b++) {
      sum += deltas[b * DELTA_QUADS + h / 4][h % 4] * features[b * operation.feature_quads + feature];
    }
    return sum;
  }
  let behind = i - bias;
  let output = behind / HIDDEN_QUADS;
  let quad = behind % HIDDEN_QUADS;
  if (output == 0 || output == 4) {
    // A bias: of the hidden layer, or of the outputs, whose deltas come behind.
    for (var b = first; b < first + operation.trajectories; b++) {
      sum += deltas[b * DELTA_QUADS + select(quad, HIDDEN_QUADS, output == 4)];
    }
    return sum;
  }
  for (var b = first; b < first + operation.trajectories; b++) {
    sum += deltas[b * DELTA_QUADS + HIDDEN_QUADS][output - 1] * silu(hidden[b * HIDDEN_QUADS + quad]);
  }
  return sum;
}

/// Of four parameters that move for all trajectories.
fn shared_part(quad: u32) -> vec4f {
  var sum = vec4f(0);
  let slopes = SLOPES + 3 * operation.evaluations + 4 * quad;
  for (var column = 0u; column < operation.columns; column++) {
    for (var lane = 0u; lane < 4; lane++) {
      if (4 * quad + lane < operation.shared_count) {
        sum[lane] += sums[column] * tangent[column * operation.tangent_width + slopes + lane];
      }
    }
  }
  return sum;
}
