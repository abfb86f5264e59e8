/// How the columns depend on what moves, a row a column: its value where the tangent touches, whether it moves in its
/// logarithm, and its slopes to the moves of all evaluations, then to what moves for all trajectories.
@group(0) @binding(9) var<storage, read> tangent: array<f32>; // [columns, SLOPES + moves + shared]

const SLOPES = 2u;

/// A column's value after a shift along the tangent.
fn shifted(value: f32, logarithmic: bool, shift: f32) -> f32 {
  return select(value + shift, value * exp(shift), logarithmic);
}

/// The slope of a column to its shift.
fn shift_slope(row: u32, value: f32) -> f32 {
  return select(1, value, tangent[row + 1] != 0);
}
