// The Euler prediction at s_n: x' = x + c (s - t) v, from time t to time s, each for the batch or per
// trajectory. With s the predictor's time it is AMED's first half (arXiv 2312.00094); with t that
// time and c the predictor's scale it is the second half of AMED-Plugin on Euler.
// 8 bytes read and 4 written per number, and 4 per trajectory for each number that differs.
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_lanes };
import package::batch::status::check_finite;

struct EulerAt {
  state: u32, // slots, in vec4
  velocity: u32,
  output: u32,
  count: u32, // vec4 in a slot
  dim: u32,
  trajectories: u32,
  step: u32,
  @align(16) at: Scalar,
  @align(16) start: Scalar,
  @align(16) scale: Scalar,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: EulerAt;

@compute @workgroup_size(64)
fn euler_at(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  let dim = operation.dim;
  let trajectories = operation.trajectories;
  let span = scalar_lanes(operation.at, index, dim, trajectories) - scalar_lanes(operation.start, index, dim, trajectories);
  let step = scalar_lanes(operation.scale, index, dim, trajectories) * span;
  let state = slots[operation.state + index];
  let velocity = slots[operation.velocity + index];
  let next = state + velocity * step;
  slots[operation.output + index] = next;
  check_finite(next, index, dim, trajectories, operation.step);
}
