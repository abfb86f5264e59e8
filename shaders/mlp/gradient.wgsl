import package::batch::scalar::Scalar;

/// The gradient of all parameters over a batch.
struct Gradient {
  state: u32, // slot, in numbers
  trajectories: u32,
  slice: u32, // trajectories whose contributions one workgroup adds up
  @align(16) sigma: Scalar,
}

@group(0) @binding(3) var<uniform> operation: Gradient;
