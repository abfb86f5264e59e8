import package::batch::scalar::Scalar;

/// What the adjoint of an evaluation has to do besides the field's own vector-Jacobian product.
struct Evaluate {
  output: u32, // slots, in numbers
  cotangent: u32, // of the output
  state_cotangent: u32,
  denoised_cotangent: u32, // what D's product is asked for
  pulled: u32, // the product
  dim: u32,
  trajectories: u32,
  velocity: u32, // whether the output is the velocity
  @align(16) time: Scalar,
  @align(16) divisor: Scalar,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Evaluate;
