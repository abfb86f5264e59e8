// An evaluation whose D was computed elsewhere, one number of the batch an invocation.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::evaluate::{ divisor_of, operation, predicted, slots };

@group(0) @binding(4) var<storage, read> denoised: array<f32>; // [trajectories, DIM]

@compute @workgroup_size(64)
fn outside(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let number = linear_index(id, groups, 64);
  if (number >= operation.trajectories * DIM) {
    return;
  }
  let x = slots[operation.state + number];
  slots[operation.output + number] = predicted(x, denoised[number], divisor_of(number / DIM));
}
