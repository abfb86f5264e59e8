// x' = the same vector for every trajectory, such as the mean of the data. 4 bytes read and 4 written per number.
import package::batch::dispatch::linear_index;

struct Constant {
  output: u32, // slot, in vec4
  count: u32, // vec4 in a slot
  dim: u32,
  first: u32, // of the vector's numbers among all constants
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(1) var<storage, read> constants: array<f32>;
@group(0) @binding(3) var<uniform> operation: Constant;

@compute @workgroup_size(64)
fn constant(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  let at = operation.first + (vec4u(0, 1, 2, 3) + 4 * index) % operation.dim;
  slots[operation.output + index] = vec4f(constants[at.x], constants[at.y], constants[at.z], constants[at.w]);
}
