// The Heun average x' = x - (v + v') dt / 2, v' being the velocity at the Euler prediction (EDM, algorithm 1).
// 12 bytes read and 4 written per number.
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_lanes };
import package::batch::status::check_finite;

struct Heun {
  state: u32, // slots, in vec4
  velocity: u32,
  predicted_velocity: u32,
  output: u32,
  count: u32, // vec4 in a slot
  dim: u32,
  trajectories: u32,
  step: u32,
  @align(16) dt: Scalar,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: Heun;

@compute @workgroup_size(64)
fn heun(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  let dt = scalar_lanes(operation.dt, index, operation.dim, operation.trajectories);
  let state = slots[operation.state + index];
  let velocity = slots[operation.velocity + index];
  let predicted_velocity = slots[operation.predicted_velocity + index];
  let average = 0.5 * (velocity + predicted_velocity);
  let next = state - average * dt;
  slots[operation.output + index] = next;
  check_finite(next, index, operation.dim, operation.trajectories, operation.step);
}
