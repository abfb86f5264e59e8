import constants::DIM;
import package::field::evaluate::slots;

// Without loops: what surrounds them is unrolled.

/// Four numbers of a trajectory's state, zeros past its end.
fn state_quad(slot: u32, trajectory: u32, quad: u32) -> vec4f {
  let at = slot + trajectory * DIM + 4 * quad;
  if (DIM % 4 == 0) {
    return vec4f(slots[at], slots[at + 1], slots[at + 2], slots[at + 3]);
  }
  let left = DIM - 4 * quad;
  let y = select(0, slots[at + min(1u, left - 1)], left > 1);
  let z = select(0, slots[at + min(2u, left - 1)], left > 2);
  let w = select(0, slots[at + min(3u, left - 1)], left > 3);
  return vec4f(slots[at], y, z, w);
}

/// Writes four numbers of a trajectory's state, but none past its end.
fn store_quad(slot: u32, trajectory: u32, quad: u32, values: vec4f) {
  let at = slot + trajectory * DIM + 4 * quad;
  let left = DIM - 4 * quad;
  slots[at] = values.x;
  if (left > 1) {
    slots[at + 1] = values.y;
  }
  if (left > 2) {
    slots[at + 2] = values.z;
  }
  if (left > 3) {
    slots[at + 3] = values.w;
  }
}

/// Adds to four numbers of a trajectory's state, but none past its end.
fn add_quad(slot: u32, trajectory: u32, quad: u32, values: vec4f) {
  store_quad(slot, trajectory, quad, state_quad(slot, trajectory, quad) + values);
}
