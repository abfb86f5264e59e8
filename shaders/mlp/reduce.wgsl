// Adds the slices of a gradient in their order. 4 bytes read per number and slice, 4 written per number.
import constants::PARAMETER_QUADS;
import package::batch::dispatch::linear_index;
import package::mlp::gradient::operation;

@group(0) @binding(8) var<storage, read_write> partials: array<vec4f>; // [slices, PARAMETER_QUADS]
@group(0) @binding(9) var<storage, read_write> gradient: array<vec4f>;

@compute @workgroup_size(64)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= PARAMETER_QUADS) {
    return;
  }
  let slices = (operation.trajectories + operation.slice - 1) / operation.slice;
  var sum = vec4f(0);
  for (var slice = 0u; slice < slices; slice++) {
    sum += partials[slice * PARAMETER_QUADS + index];
  }
  gradient[index] = sum;
}
