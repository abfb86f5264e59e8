// The squared norm of the gradient in PARTS parts, each added up in a fixed order. 4 bytes read per parameter.
import package::batch::lanes::{ LANES, summed };

@group(0) @binding(4) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> parts: array<f32>; // [PARTS], one a workgroup

@compute @workgroup_size(LANES)
fn norm(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  var sum = 0.0;
  for (var i = group.x * LANES + local; i < arrayLength(&gradient); i += groups.x * LANES) {
    sum += dot(gradient[i], gradient[i]);
  }
  let total = summed(sum, local);
  if (local == 0) {
    parts[group.x] = total;
  }
}
