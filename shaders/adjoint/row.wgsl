import constants::DIM;

/// Slots, their cotangents and the field's products, [slots, trajectories, DIM]; as vec4 where DIM is a multiple of 4.
@if(!aligned) @group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@if(aligned) @group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;

const QUADS = (DIM + 3) / 4; // vec4 of a row
const WIDTH = min(4u, DIM); // numbers of its first one

/// Four numbers of a row that starts at `start`, zeros past its end. `whole` is where all quads are known to be inside.
fn four_of(start: u32, quad: u32, whole: bool) -> vec4f {
  var value = vec4f(0);
  @if(aligned) if (whole || quad < QUADS) {
    value = slots[start / 4 + quad];
  }
  @if(!aligned) for (var lane = 0u; lane < WIDTH; lane++) {
    if (4 * quad + lane < DIM) {
      value[lane] = slots[start + 4 * quad + lane];
    }
  }
  return value;
}

/// Writes those of four numbers that a row has.
fn store_four(start: u32, quad: u32, whole: bool, value: vec4f) {
  @if(aligned) if (whole || quad < QUADS) {
    slots[start / 4 + quad] = value;
  }
  @if(!aligned) for (var lane = 0u; lane < WIDTH; lane++) {
    if (4 * quad + lane < DIM) {
      slots[start + 4 * quad + lane] = value[lane];
    }
  }
}
