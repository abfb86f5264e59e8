// The network of one evaluation, one trajectory an invocation: outputs.wgsl.
// Hidden numbers are made one after the other and go straight into the three moves, so that no layer is stored unless
// `taped`; features stay with the invocation. On lavapipe loads of weights limit it, since all trajectories need the same
// ones at once: with `broadcast` each lane loads one vec4 of eight, and they tell each other. Inside a plan of 128-D, as
// compiled for RDNA 3, the features are an array of 288 bytes a lane in memory. What the kernel takes by itself has not
// been measured.
import package::batch::dispatch::linear_index;
import package::batch::scalar::scalar_of;
import package::tangent::evaluation::{ HIDDEN_QUADS, operation };
import package::tangent::figures::FEATURE_QUADS;
@if(taped) import package::tangent::outputs::hidden_layer;
import package::tangent::outputs::{ moves_of, outputs_part };
import package::tangent::slot_features::{ Evaluated, slot_features };
@if(broadcast) enable subgroups;

@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 evaluations, trajectories]
// For the way back, of all evaluations.
@if(taped) @group(0) @binding(4) var<storage, read_write> features: array<vec4f>; // [trajectories, FEATURE_QUADS]
@if(taped) @group(0) @binding(7) var<storage, read_write> hidden: array<vec4f>; // [trajectories, HIDDEN_QUADS], before SiLU

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
  let row = trajectory * operation.dim;
  let given = slot_features(Evaluated(
    operation.state + row,
    operation.output + row,
    operation.previous + row,
    operation.has_previous != 0,
    operation.dim,
    scalar_of(operation.time, trajectory, operation.trajectories),
    operation.spread,
  ));
  var lane = 0u;
  @if(broadcast) lane = subgroup_local;
  let sum = outputs_part(operation.weights, given, 0, operation.hidden_quads, lane);
  if (works) {
    let moves = moves_of(operation.weights, operation.asked, sum);
    for (var j = 0u; j < 3; j++) {
      answers[(operation.answer + j) * operation.trajectories + trajectory] = moves[j];
    }
    @if(taped) for (var i = 0u; i < FEATURE_QUADS; i++) {
      features[operation.features + trajectory * FEATURE_QUADS + i] = given[i];
    }
    @if(taped) for (var quad = 0u; quad < HIDDEN_QUADS; quad++) {
      hidden[operation.hidden + trajectory * HIDDEN_QUADS + quad] = hidden_layer[quad];
    }
  }
}
