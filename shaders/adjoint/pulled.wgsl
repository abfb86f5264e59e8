// After a vector-Jacobian product: its gradients go to the cotangent of the state and to the time, and where the
// output is the velocity (x - D) / divisor, what x and the divisor get of it. One trajectory an invocation.
import package::adjoint::evaluate::{ operation, slots };
import package::adjoint::gradient::add_gradient;
import package::batch::dispatch::linear_index;

@group(0) @binding(8) var<storage, read_write> sigma_gradient: array<f32>; // [trajectories]

@compute @workgroup_size(64)
fn pulled(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let row = trajectory * operation.dim;
  let velocity = operation.velocity != 0;
  var along = 0.0;
  for (var d = row; d < row + operation.dim; d++) {
    let given = slots[operation.denoised_cotangent + d];
    along += given * slots[operation.output + d];
    slots[operation.state_cotangent + d] += slots[operation.pulled + d] - select(0, given, velocity);
  }
  add_gradient(operation.time, sigma_gradient[trajectory], trajectory, operation.trajectories);
  if (velocity) {
    add_gradient(operation.divisor, along, trajectory, operation.trajectories);
  }
}
