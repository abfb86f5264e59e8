// The adjoint of update/euler_at.wgsl, x' = x + c (s - t) v, one trajectory an invocation.
import package::adjoint::gradient::add_gradient;
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_of };

struct EulerAt {
  velocity: u32, // slots, in numbers
  cotangent: u32, // of the result
  state_cotangent: u32,
  velocity_cotangent: u32,
  dim: u32,
  trajectories: u32,
  @align(16) at: Scalar,
  @align(16) start: Scalar,
  @align(16) scale: Scalar,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: EulerAt;

@compute @workgroup_size(64)
fn euler_at(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  let trajectories = operation.trajectories;
  if (trajectory >= trajectories) {
    return;
  }
  let span = scalar_of(operation.at, trajectory, trajectories) - scalar_of(operation.start, trajectory, trajectories);
  let scale = scalar_of(operation.scale, trajectory, trajectories);
  let row = trajectory * operation.dim;
  var along = 0.0;
  for (var d = row; d < row + operation.dim; d++) {
    let given = slots[operation.cotangent + d];
    along += given * slots[operation.velocity + d];
    slots[operation.state_cotangent + d] += given;
    slots[operation.velocity_cotangent + d] += scale * span * given;
  }
  add_gradient(operation.at, scale * along, trajectory, trajectories);
  add_gradient(operation.start, -scale * along, trajectory, trajectories);
  add_gradient(operation.scale, span * along, trajectory, trajectories);
}
