import package::batch::scalar::Scalar;

/// One Jacobian-vector product of a network for a batch: the derivative of D(x, sigma) along (dx, dsigma).
struct Push {
  state: u32, // slots, in numbers
  tangent: u32,
  output: u32,
  trajectories: u32,
  @align(16) sigma: Scalar,
  @align(16) sigma_tangent: Scalar,
}

@group(0) @binding(3) var<uniform> operation: Push;
