// Gives trajectories of a slot what others have that begin alike and asked the field: those from `first` on repeat the
// first `period`. 4 bytes read and 4 written per number.
import package::batch::dispatch::linear_index;

struct Repeat {
  slot: u32, // in vec4, as all here
  first: u32,
  end: u32,
  period: u32,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: Repeat;

@compute @workgroup_size(64)
fn repeat(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = operation.first + linear_index(id, groups, 64);
  if (index >= operation.end) {
    return;
  }
  slots[operation.slot + index] = slots[operation.slot + index % operation.period];
}
