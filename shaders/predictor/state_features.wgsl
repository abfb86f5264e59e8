// What g_phi reads of an evaluation where the field has no features of its own. One trajectory an invocation.
import package::batch::dispatch::linear_index;
import package::predictor::slot_features::{ Evaluated, slot_features };
import package::predictor::step::FEATURE_QUADS;

struct StateFeatures {
  state: u32, // slots, in numbers
  output: u32, // of the evaluation
  velocity: u32, // whether that is the velocity (x - D) / time
  dim: u32,
  trajectories: u32,
  time: f32,
  spread: f32, // of the data
}

@group(0) @binding(3) var<uniform> operation: StateFeatures;
@group(0) @binding(4) var<storage, read_write> features: array<vec4f>; // [trajectories, FEATURE_QUADS]

@compute @workgroup_size(64)
fn state_features(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let row = trajectory * operation.dim;
  let given = slot_features(Evaluated(
    operation.state + row,
    operation.output + row,
    operation.velocity != 0,
    operation.dim,
    operation.time,
    operation.spread,
  ));
  for (var i = 0u; i < FEATURE_QUADS; i++) {
    features[trajectory * FEATURE_QUADS + i] = given[i];
  }
}
