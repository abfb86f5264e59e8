// What a shader copies at best in the shape of the updates: one vec4 an invocation. 4 bytes read and 4 written a number.
import package::batch::dispatch::linear_index;

@group(0) @binding(0) var<storage, read> copied: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4f>;

@compute @workgroup_size(64)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index < arrayLength(&results)) {
    results[index] = copied[index];
  }
}
