// Before a vector-Jacobian product: from the cotangent of the velocity (x - D) / divisor to that of D. One number an
// invocation.
import package::adjoint::evaluate::{ operation, slots };
import package::batch::dispatch::linear_index;
import package::batch::scalar::scalar_of;

@compute @workgroup_size(64)
fn denoised(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64);
  if (i >= operation.trajectories * operation.dim) {
    return;
  }
  let divisor = scalar_of(operation.divisor, i / operation.dim, operation.trajectories);
  slots[operation.denoised_cotangent + i] = -slots[operation.cotangent + i] / divisor;
}
