// Moves the 1 of a unit vector on, from dimension d - 1 to d, in each trajectory of a slot that is 0 elsewhere.
import package::batch::dispatch::linear_index;

struct Unit {
  vector: u32, // slot, in numbers
  dim: u32,
  trajectories: u32,
  d: u32,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Unit;

@compute @workgroup_size(64)
fn unit(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let start = operation.vector + trajectory * operation.dim;
  slots[start + (operation.d + operation.dim - 1) % operation.dim] = 0;
  slots[start + operation.d] = 1;
}
