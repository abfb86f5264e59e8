// A user's own denoiser, one trajectory an invocation. `user` is the user's file with
//   fn denoise(x: array<f32, D>, sigma: f32) -> array<f32, D>
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::user::denoise;

@compute @workgroup_size(64)
fn custom(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let start = operation.state + trajectory * DIM;
  var x: array<f32, DIM>;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[start + d];
  }
  let denoised = denoise(x, sigma_of(trajectory));
  let divisor = divisor_of(trajectory);
  let output = operation.output + trajectory * DIM;
  for (var d = 0u; d < DIM; d++) {
    slots[output + d] = predicted(x[d], denoised[d], divisor);
  }
}
