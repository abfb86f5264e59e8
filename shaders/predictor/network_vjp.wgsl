// The way back through g_phi for one step, one trajectory an invocation: from the gradient of its answers to what its
// layers come by, which network_gradient.wgsl turns into the gradient of the weights. Features are taken as they are.
import constants::{ SCALE_DIRECTION, SCALE_TIME };
import package::batch::dispatch::linear_index;
import package::mlp::activation::{ silu, silu_slope };
import package::predictor::deltas::{ BOTTLENECK_DELTAS, BOTTLENECK_ROWS, deltas, HIDDEN_DELTAS, LOGIT_DELTAS };
import package::predictor::step::{ FEATURE_QUADS, HEAD_QUADS, HEADS, HIDDEN_BIAS, operation, OUTPUT_BIAS, OUTPUT_WEIGHT };
import package::predictor::weights::predictor_weights;

@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 steps, trajectories]
@group(0) @binding(7) var<storage, read_write> kept: array<vec4f>; // [steps, trajectories, 16]
@group(0) @binding(8) var<storage, read_write> answer_gradient: array<f32>; // as the answers

@compute @workgroup_size(64)
fn network_vjp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let r = answers[row_of(0, trajectory)];
  var logits = vec3f(answer_gradient[row_of(0, trajectory)] * r * (1 - r), 0, 0);
  @if(directed) logits[1] = scaled(1, SCALE_DIRECTION, trajectory);
  @if(directed && timed) logits[2] = scaled(2, SCALE_TIME, trajectory);
  @if(!directed && timed) logits[1] = scaled(2, SCALE_TIME, trajectory);
  var to_output = logits[0] * predictor_weights[HEADS];
  @if(directed || timed) to_output += logits[1] * predictor_weights[HEADS + HEAD_QUADS];
  @if(directed && timed) to_output += logits[2] * predictor_weights[HEADS + 2 * HEAD_QUADS];

  let own = operation.features + trajectory * FEATURE_QUADS;
  var output = predictor_weights[OUTPUT_BIAS];
  for (var quad = 0u; quad < operation.hidden_quads; quad++) {
    var z = predictor_weights[HIDDEN_BIAS + quad];
    for (var i = 0u; i < operation.feature_quads; i++) {
      let row = 4 * quad * FEATURE_QUADS + i;
      let feature = kept[own + i];
      z += vec4f(
        dot(predictor_weights[row], feature),
        dot(predictor_weights[row + FEATURE_QUADS], feature),
        dot(predictor_weights[row + 2 * FEATURE_QUADS], feature),
        dot(predictor_weights[row + 3 * FEATURE_QUADS], feature),
      );
    }
    let hidden = silu(z);
    let slope = silu_slope(z);
    for (var lane = 0u; lane < 4; lane++) {
      let h = 4 * quad + lane;
      let row = predictor_weights[OUTPUT_WEIGHT + h];
      output += hidden[lane] * row;
      store(h, trajectory, hidden[lane]);
      store(HIDDEN_DELTAS + h, trajectory, slope[lane] * dot(row, to_output));
    }
  }
  for (var lane = 0u; lane < 4; lane++) {
    store(BOTTLENECK_ROWS + lane, trajectory, output[lane]);
    store(BOTTLENECK_DELTAS + lane, trajectory, to_output[lane]);
  }
  for (var head = 0u; head < 3; head++) {
    store(LOGIT_DELTAS + head, trajectory, logits[head]);
  }
}

fn row_of(row: u32, trajectory: u32) -> u32 {
  return (operation.answer + row) * operation.trajectories + trajectory;
}

/// The gradient of a logit whose answer is 2 s sigmoid(logit) + 1 - s.
@if(directed || timed)
fn scaled(row: u32, scale: f32, trajectory: u32) -> f32 {
  let share = (answers[row_of(row, trajectory)] - 1 + scale) / (2 * scale);
  return answer_gradient[row_of(row, trajectory)] * 2 * scale * share * (1 - share);
}

fn store(row: u32, trajectory: u32, value: f32) {
  deltas[row * operation.trajectories + trajectory] = value;
}
