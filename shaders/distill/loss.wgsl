/// What students are compared by.
struct Loss {
  result: u32, // slots, in numbers
  cotangent: u32, // of the result
  dim: u32,
  trajectories: u32,
  softening: f32, // added to squared errors, so that what is nearly exact does not rule a logarithm
  log_mean: u32, // whether the loss is log mean |e| + mean log |e|^2 / 4; else the mean of |e|^2
}

/// What became of a batch: the loss, and the mean distance to the targets.
struct Figures {
  loss: f32,
  mean_error: f32,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Loss;
@group(0) @binding(5) var<storage, read> targets: array<f32>; // [trajectories, dim]
@group(0) @binding(6) var<storage, read_write> errors: array<f32>; // [trajectories]: |e|^2
@group(0) @binding(8) var<storage, read_write> slopes: array<f32>; // [trajectories]: of the loss to |e|^2
