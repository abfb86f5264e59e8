// Takes weight v . J v from a divergence, J v being a product of dD/dx; what is begun with is the dimension, which is
// both the identity's trace and |v|^2 of a vector of -1 and 1.
import package::batch::dispatch::linear_index;

struct Trace {
  vector: u32, // slots, in numbers
  product: u32,
  dim: u32,
  trajectories: u32,
  divergence: u32, // where it is, in numbers
  begins: u32, // whether nothing has been taken from it yet
  weight: f32,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Trace;
@group(0) @binding(8) var<storage, read_write> divergences: array<f32>;

@compute @workgroup_size(64)
fn trace(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let row = trajectory * operation.dim;
  var sum = 0.0;
  for (var d = 0u; d < operation.dim; d++) {
    sum += slots[operation.vector + row + d] * slots[operation.product + row + d];
  }
  let at = operation.divergence + trajectory;
  let before = select(divergences[at], f32(operation.dim), operation.begins == 1);
  divergences[at] = before - operation.weight * sum;
}
