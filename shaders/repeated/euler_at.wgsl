// The Euler prediction x' = x + c (s - t) v, as ../update/euler_at.wgsl, over slots in which trajectories repeat (row.wgsl).
// Each period of trajectories has times and a scale of its own: columns are [columns, variants]. An invocation takes QUADS
// vec4, as combine.wgsl.
import constants::QUADS;
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_of };
import package::batch::status::check_finite;
import package::repeated::row::at_row;

struct EulerAt {
  state: u32, // slots, in vec4
  velocity: u32,
  output: u32,
  count: u32, // vec4 in a slot
  dim: u32,
  trajectories: u32,
  step: u32,
  state_rows: u32, // in vec4
  velocity_rows: u32,
  period: u32, // in vec4
  variants: u32,
  @align(16) at: Scalar,
  @align(16) start: Scalar,
  @align(16) scale: Scalar,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: EulerAt;

@compute @workgroup_size(64)
fn euler_at(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = QUADS * linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  let period = operation.period;
  let variant = index / period;
  let span = scalar_of(operation.at, variant, operation.variants) - scalar_of(operation.start, variant, operation.variants);
  let step = scalar_of(operation.scale, variant, operation.variants) * span;
  let state = operation.state + at_row(index, period, operation.state_rows);
  let velocity = operation.velocity + at_row(index, period, operation.velocity_rows);
  for (var q = 0u; q < QUADS; q++) {
    let next = slots[state + q] + slots[velocity + q] * step;
    slots[operation.output + index + q] = next;
    check_finite(next, index + q, operation.dim, operation.trajectories, operation.step);
  }
}
