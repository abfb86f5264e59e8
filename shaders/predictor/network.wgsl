// AMED's predictor g_phi, one trajectory an invocation: answers.wgsl.
// 8,700 multiply-adds a trajectory, whose features stay with the invocation; hidden numbers are made one after the other
// and go straight into the bottleneck. On lavapipe loads of weights limit it, since all trajectories need the same ones at
// once: with `broadcast` each lane loads one vec4 of eight, and they tell each other. What that gains here has not been
// measured.
import package::batch::dispatch::linear_index;
import package::predictor::answers::{ answers_of, bottleneck_part };
import package::predictor::step::{ FEATURE_QUADS, operation };
@if(broadcast) enable subgroups;

@group(0) @binding(4) var<storage, read_write> features: array<vec4f>; // [trajectories, 16] of the last evaluation
@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 steps, trajectories]
@if(taped) @group(0) @binding(7) var<storage, read_write> kept: array<vec4f>; // [steps, trajectories, 16]

@compute @workgroup_size(64)
fn network(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @if(broadcast) @builtin(subgroup_invocation_id) subgroup_local: u32,
) {
  let index = linear_index(id, groups, 64);
  // Invocations past the end repeat the last trajectory and write nothing: lanes need each other.
  let works = index < operation.trajectories;
  let trajectory = min(index, operation.trajectories - 1);
  let own = trajectory * FEATURE_QUADS;
  var given_features = array<vec4f, FEATURE_QUADS>();
  for (var i = 0u; i < FEATURE_QUADS; i++) {
    given_features[i] = select(features[own + i], vec4f(0), operation.blind != 0);
    @if(taped) if (works) {
      kept[operation.features + own + i] = given_features[i];
    }
  }
  var lane = 0u;
  @if(broadcast) lane = subgroup_local;
  let sum = bottleneck_part(given_features, 0, operation.hidden_quads, lane);
  if (works) {
    let given = answers_of(operation, sum);
    for (var row = 0u; row < 3; row++) {
      answers[(operation.answer + row) * operation.trajectories + trajectory] = given[row];
    }
  }
}
