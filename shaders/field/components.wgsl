// The components of a mixture whose states are in memory, of which workgroups meet several trajectories at a time.

@group(0) @binding(4) var<storage, read> means: array<vec4f>; // [components, DIM / 4], rows padded with zeros
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@if(!per_dimension) @group(0) @binding(6) var<storage, read> variances: array<f32>; // [1] or [components]
@if(per_dimension) @group(0) @binding(6) var<storage, read> variances: array<vec4f>; // [components, DIM / 4]

@if(shared_variance)
fn variance_of(k: u32) -> f32 {
  return variances[0];
}

@if(per_component)
fn variance_of(k: u32) -> f32 {
  return variances[k];
}

/// Four dimensions of the posterior mean under one component alone: (s^2 x + sigma^2 mean) / (s^2 + sigma^2).
fn posterior(x: vec4f, mean: vec4f, variance: vec4f, noise: f32) -> vec4f {
  return (variance * x + noise * mean) / (variance + noise);
}
