import package::batch::scalar::{ Scalar, scalar_of };

/// One evaluation of a field for a batch: D(x, sigma), or the velocity (x - D) / divisor.
struct Evaluate {
  state: u32, // slots, in numbers
  output: u32,
  trajectories: u32,
  velocity: u32, // whether the output is the velocity
  @align(16) sigma: Scalar,
  @align(16) divisor: Scalar,
}

/// States, [slots, trajectories, DIM]; as vec4 in kernels above 128 dimensions where DIM is a multiple of 4.
@if(!aligned) @group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@if(aligned) @group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: Evaluate;

/// One number of the slots.
fn number_at(index: u32) -> f32 {
  @if(!aligned) return slots[index];
  @if(aligned) return slots[index / 4][index % 4];
}

fn sigma_of(trajectory: u32) -> f32 {
  return scalar_of(operation.sigma, trajectory, operation.trajectories);
}

/// What the operation asks for, given D at one number of the state.
fn predicted(x: f32, denoised: f32, divisor: f32) -> f32 {
  return select(denoised, (x - denoised) / divisor, operation.velocity != 0);
}

fn divisor_of(trajectory: u32) -> f32 {
  return scalar_of(operation.divisor, trajectory, operation.trajectories);
}
