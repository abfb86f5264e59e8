import package::batch::scalar::Scalar;

@group(0) @binding(4) var<storage, read_write> column_gradient: array<f32>; // [columns, trajectories]

/// Adds the gradient to a time or a coefficient that is a trajectory's own. One invocation has a trajectory's columns
/// to itself, so that nothing is lost.
fn add_gradient(scalar: Scalar, slope: f32, trajectory: u32, trajectories: u32) {
  if (scalar.column >= 0) {
    column_gradient[u32(scalar.column) * trajectories + trajectory] += scalar.scale * slope;
  }
}
