import package::batch::slots::columns;

/// A time or a coefficient. Column < 0: `offset`, the same for the whole batch.
/// Otherwise one value per trajectory: offset + scale * columns[column, trajectory].
struct Scalar {
  offset: f32,
  scale: f32,
  @size(8) column: i32,
}

/// The value of a scalar for one trajectory out of `trajectories`.
fn scalar_of(scalar: Scalar, trajectory: u32, trajectories: u32) -> f32 {
  if (scalar.column < 0) {
    return scalar.offset;
  }
  return scalar.offset + scalar.scale * columns[u32(scalar.column) * trajectories + trajectory];
}

/// The value of a scalar for each of the four numbers of vec4 `index` of a [trajectories, dim] array.
fn scalar_lanes(scalar: Scalar, index: u32, dim: u32, trajectories: u32) -> vec4f {
  if (scalar.column < 0) {
    return vec4f(scalar.offset);
  }
  return column_lanes(scalar, rows_of(index, dim, trajectories), trajectories);
}

/// The trajectories of the four numbers of a vec4. The last vec4 may reach past the last trajectory; what it holds there is
/// never read back.
fn rows_of(index: u32, dim: u32, trajectories: u32) -> vec4u {
  return min((vec4u(0, 1, 2, 3) + 4 * index) / dim, vec4u(trajectories - 1));
}

/// The value of a scalar that is a column's, for each of four trajectories: mostly it is one, and one load does.
fn column_lanes(scalar: Scalar, rows: vec4u, trajectories: u32) -> vec4f {
  let column = u32(scalar.column) * trajectories;
  if (rows.x == rows.w) {
    return vec4f(scalar.offset + scalar.scale * columns[column + rows.x]);
  }
  let values = vec4f(columns[column + rows.x], columns[column + rows.y], columns[column + rows.z], columns[column + rows.w]);
  return scalar.offset + scalar.scale * values;
}
