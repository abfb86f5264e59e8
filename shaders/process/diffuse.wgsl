// The forward process: x_t = alpha-bar x_0 + beta-bar n, the noise keyed by (seed, row, time's index, stream), so that a
// row gets the same noise whatever the chunk. One invocation makes four numbers of one row; 4 bytes read and 4 written
// per number.
import package::batch::dispatch::linear_index;
import package::rng::noise::{ Draw, noise4 };

struct Diffuse {
  output: u32, // in numbers
  dim: u32,
  rows: u32,
  alpha_bar: f32,
  beta_bar: f32,
  @align(16) draw: Draw, // its step is the time's index
}

@group(0) @binding(0) var<storage, read> clean: array<f32>; // [rows, dim]
@group(0) @binding(1) var<storage, read_write> noised: array<f32>; // [times, rows, dim]
@group(0) @binding(3) var<uniform> operation: Diffuse;

@compute @workgroup_size(64)
fn diffuse(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let quads = (operation.dim + 3) / 4;
  let row = index / quads;
  if (row >= operation.rows) {
    return;
  }
  let quad = index % quads;
  let noise = noise4(operation.draw, row, quad);
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    let d = row * operation.dim + 4 * quad + lane;
    noised[operation.output + d] = operation.alpha_bar * clean[d] + operation.beta_bar * noise[lane];
  }
}
