import constants::{ EMBEDDING_QUADS, WIDTH_QUADS };
import package::mlp::tile::TILE;

// The tile's activations as matrix units take them: float16.

/// A row: the activations of one layer, then, unless one does for all, the time embedding.
@if(together) const ROW_QUADS = u32(WIDTH_QUADS);
@if(!together) const ROW_QUADS = u32(WIDTH_QUADS + EMBEDDING_QUADS);
/// From a row to the next. Matrix units want rows on multiples of 16 bytes; 16 more bytes put rows that are read at
/// once into different banks.
const HALF_STRIDE = (4 * ROW_QUADS + 7) / 8 * 8 + 8;

var<workgroup> activations: array<f16, TILE * HALF_STRIDE>;

fn put_halves(row: u32, quad: u32, values: vec4f) {
  let at = row * HALF_STRIDE + 4 * quad;
  activations[at] = f16(values.x);
  activations[at + 1] = f16(values.y);
  activations[at + 2] = f16(values.z);
  activations[at + 3] = f16(values.w);
}

fn half_quad(row: u32, quad: u32) -> vec4f {
  let at = row * HALF_STRIDE + 4 * quad;
  return vec4f(f32(activations[at]), f32(activations[at + 1]), f32(activations[at + 2]), f32(activations[at + 3]));
}

fn half_number(row: u32, n: u32) -> f32 {
  return f32(activations[row * HALF_STRIDE + n]);
}
