// AMED's predictor g_phi, one trajectory an invocation; all invocations read the same weights at once. 8,700 multiply-adds a trajectory; the hidden layer is never stored.
import constants::{ SCALE_DIRECTION, SCALE_TIME };
import package::batch::dispatch::linear_index;
import package::mlp::activation::silu;
import package::predictor::step::{ embedded, FEATURE_QUADS, HEAD_QUADS, HEADS, HIDDEN_BIAS, operation, OUTPUT_BIAS, OUTPUT_WEIGHT, weights };

@group(0) @binding(4) var<storage, read_write> features: array<vec4f>; // [trajectories, 16] of the last evaluation
@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 steps, trajectories]
@if(taped) @group(0) @binding(7) var<storage, read_write> kept: array<vec4f>; // [steps, trajectories, 16]

@compute @workgroup_size(64)
fn network(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let own = trajectory * FEATURE_QUADS;
  @if(taped) for (var i = 0u; i < operation.feature_quads; i++) {
    kept[operation.features + own + i] = select(features[own + i], vec4f(0), operation.blind != 0);
  }
  var output = weights[OUTPUT_BIAS];
  for (var quad = 0u; quad < operation.hidden_quads; quad++) {
    var z = weights[HIDDEN_BIAS + quad];
    for (var i = 0u; i < operation.feature_quads; i++) {
      let row = 4 * quad * FEATURE_QUADS + i;
      let feature = select(features[own + i], vec4f(0), operation.blind != 0);
      z += vec4f(
        dot(weights[row], feature),
        dot(weights[row + FEATURE_QUADS], feature),
        dot(weights[row + 2 * FEATURE_QUADS], feature),
        dot(weights[row + 3 * FEATURE_QUADS], feature),
      );
    }
    let hidden = silu(z);
    for (var lane = 0u; lane < 4; lane++) {
      output += hidden[lane] * weights[OUTPUT_WEIGHT + 4 * quad + lane];
    }
  }

  let times = embedded(operation.current, operation.next);
  answer(0, trajectory, share(0, operation.offset_r, output, times));
  @if(directed) let direction = share(1, operation.offset_direction, output, times);
  @if(directed) answer(1, trajectory, 2 * SCALE_DIRECTION * direction + 1 - SCALE_DIRECTION);
  @if(!directed) answer(1, trajectory, 1);
  @if(directed && timed) let time = share(2, operation.offset_time, output, times);
  @if(!directed && timed) let time = share(1, operation.offset_time, output, times);
  @if(timed) answer(2, trajectory, 2 * SCALE_TIME * time + 1 - SCALE_TIME);
  @if(!timed) answer(2, trajectory, 1);
}

/// The sigmoid of a head.
fn share(head: u32, offset: f32, output: vec4f, times: array<vec4f, 4>) -> f32 {
  let start = HEADS + HEAD_QUADS * head;
  var logit = offset + weights[start + HEAD_QUADS - 1].x + dot(weights[start], output);
  for (var i = 0u; i < 4; i++) {
    logit += dot(weights[start + 1 + i], times[i]);
  }
  return 1 / (1 + exp(-logit));
}

fn answer(row: u32, trajectory: u32, value: f32) {
  answers[(operation.answer + row) * operation.trajectories + trajectory] = value;
}
