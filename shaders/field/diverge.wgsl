import package::batch::scalar::{ Scalar, scalar_of };

/// The drift x - D(x, sigma) of a batch, which is dx / d ln sigma along the diffusion ODE, and its divergence.
struct Diverge {
  state: u32, // slots, in numbers
  output: u32, // the drift
  trajectories: u32,
  divergence: u32, // where the divergences go, in numbers
  @align(16) sigma: Scalar,
}

@group(0) @binding(3) var<uniform> operation: Diverge;
@group(0) @binding(8) var<storage, read_write> divergences: array<f32>;

fn sigma_of(trajectory: u32) -> f32 {
  return scalar_of(operation.sigma, trajectory, operation.trajectories);
}

fn store_divergence(trajectory: u32, value: f32) {
  divergences[operation.divergence + trajectory] = value;
}
