// Threefry on one (key, counter) an invocation: what the known-answer test runs.
import package::rng::threefry::threefry4x32;

@group(0) @binding(0) var<storage, read> inputs: array<vec4u>; // key, counter, key, counter, ..
@group(0) @binding(1) var<storage, read_write> words: array<vec4u>;

@compute @workgroup_size(64)
fn draw(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&words)) {
    words[id.x] = threefry4x32(inputs[2 * id.x], inputs[2 * id.x + 1]);
  }
}
