// The loss of each trajectory, weight |D - y|^2, and the cotangent of the batch's mean: 2 weight (D - y) / B.
// One invocation takes one trajectory; 8 bytes read and 4 written per number.
import package::batch::dispatch::linear_index;
import package::batch::slots::columns;
import package::train::step::operation;

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>; // [trajectories]

@compute @workgroup_size(64)
fn loss(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let weight = columns[operation.trajectories + trajectory];
  let slope = 2 * weight / f32(operation.trajectories);
  var sum = 0.0;
  for (var i = trajectory * operation.dim; i < (trajectory + 1) * operation.dim; i++) {
    let error = slots[operation.denoised + i] - slots[operation.clean + i];
    sum += error * error;
    slots[operation.cotangent + i] = slope * error;
  }
  losses[trajectory] = weight * sum;
}
