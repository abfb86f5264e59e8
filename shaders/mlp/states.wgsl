import constants::DIM;
import package::field::evaluate::slots;

/// Four numbers of a trajectory's state, zeros past its end.
fn state_quad(slot: u32, trajectory: u32, quad: u32) -> vec4f {
  var values = vec4f(0);
  for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
    values[d % 4] = slots[slot + trajectory * DIM + d];
  }
  return values;
}

/// Writes four numbers of a trajectory's state, but none past its end.
fn store_quad(slot: u32, trajectory: u32, quad: u32, values: vec4f) {
  var numbers = values;
  for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
    slots[slot + trajectory * DIM + d] = numbers[d % 4];
  }
}

/// Adds to four numbers of a trajectory's state, but none past its end.
fn add_quad(slot: u32, trajectory: u32, quad: u32, values: vec4f) {
  var numbers = values;
  for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
    slots[slot + trajectory * DIM + d] += numbers[d % 4];
  }
}
