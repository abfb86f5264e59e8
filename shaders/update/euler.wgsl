// The Euler update x' = x - v dt (DDIM in sigma space), with dt = t_c - t_n > 0 for the batch or per trajectory.
// 8 bytes read and 4 written per number.
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_lanes };
import package::batch::status::check_finite;

struct Euler {
  state: u32, // slots, in vec4
  velocity: u32,
  output: u32,
  count: u32, // vec4 in a slot
  dim: u32,
  trajectories: u32,
  step: u32,
  @align(16) dt: Scalar,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: Euler;

@compute @workgroup_size(64)
fn euler(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  let dt = scalar_lanes(operation.dt, index, operation.dim, operation.trajectories);
  let state = slots[operation.state + index];
  let velocity = slots[operation.velocity + index];
  let next = state - velocity * dt;
  slots[operation.output + index] = next;
  check_finite(next, index, operation.dim, operation.trajectories, operation.step);
}
