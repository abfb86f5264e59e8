import package::batch::scalar::{ Scalar, scalar_of };

/// One vector-Jacobian product of a field for a batch: the gradient of cotangent . D(x, sigma) to x and to sigma.
struct Pull {
  state: u32, // slots, in numbers
  cotangent: u32,
  output: u32, // the gradient to x
  trajectories: u32,
  @align(16) sigma: Scalar,
  sigma_column: u32, // where the gradient to sigma goes
}

@group(0) @binding(3) var<uniform> operation: Pull;
@group(0) @binding(8) var<storage, read_write> sigma_gradient: array<f32>; // [columns, trajectories]

fn sigma_of(trajectory: u32) -> f32 {
  return scalar_of(operation.sigma, trajectory, operation.trajectories);
}

fn store_sigma_gradient(trajectory: u32, value: f32) {
  sigma_gradient[operation.sigma_column * operation.trajectories + trajectory] = value;
}
