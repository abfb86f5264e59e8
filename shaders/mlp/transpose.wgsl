// Writes the transposed matrices that vjp.wgsl reads, without the biases: one vec4 an invocation.
import constants::{ EMBEDDING_QUADS, LAYERS };
import package::batch::dispatch::linear_index;
import package::mlp::shape::{ input_quads, matrix_start, output_quads, transposed_start };
@if(half) enable f16;

@if(!half) alias Number = f32;
@if(half) alias Number = f16;

@group(0) @binding(0) var<storage, read> parameters: array<Number>;
@group(0) @binding(1) var<storage, read_write> transposed: array<vec4<Number>>;

@compute @workgroup_size(64)
fn transpose(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= arrayLength(&transposed)) {
    return;
  }
  var layer = 0u;
  while (layer < LAYERS && index >= transposed_start(layer + 1)) {
    layer++;
  }
  let row_quads = input_quads(layer) + EMBEDDING_QUADS;
  let output = (index - transposed_start(layer)) / row_quads;
  let input = 4 * ((index - transposed_start(layer)) % row_quads);
  let stride = 4 * output_quads(layer);
  let at = 4 * matrix_start(layer) + input * stride + output;
  transposed[index] = vec4(parameters[at], parameters[at + stride], parameters[at + 2 * stride], parameters[at + 3 * stride]);
}
