// The posterior mean of a Gaussian mixture under noise, D(x, sigma) = E[x_0 | x_0 + sigma n = x], one trajectory
// an invocation: one sweep over the components with a running maximum (log-sum-exp), x and the sum in registers.
// 4 DIM operations per component, 6 DIM with standard deviations per dimension; components are read once per
// invocation, at the same address by all of them. For DIM up to 128; mixture_tiled.wgsl is for more.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };

@group(0) @binding(4) var<storage, read> means: array<f32>; // [components, DIM]
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@group(0) @binding(6) var<storage, read> variances: array<f32>; // [1], [components] or [components, DIM]

@compute @workgroup_size(64)
fn mixture(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let noise = sigma_of(trajectory) * sigma_of(trajectory);
  let start = operation.state + trajectory * DIM;
  var x: array<f32, DIM>;
  var sum: array<f32, DIM>;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[start + d];
  }

  var top = -3e38;
  var total = 0.0;
  @if(!per_dimension) var kept = 0.0; // the part of x itself in the mean: sum of w s^2 / (s^2 + sigma^2)
  for (var k = 0u; k < arrayLength(&log_weights); k++) {
    let row = k * DIM;
    var logit = log_weights[k]; // determinants are relative to the noise alone: they stay small
    @if(per_dimension) for (var d = 0u; d < DIM; d++) {
      let spread = variances[row + d] + noise;
      let delta = x[d] - means[row + d];
      logit -= 0.5 * (delta * delta / spread + log(spread / noise));
    }
    @if(per_component) let variance = variances[k];
    @if(shared_variance) let variance = variances[0];
    @if(!per_dimension) let spread = variance + noise;
    @if(!per_dimension) var distance = 0.0;
    @if(!per_dimension) for (var d = 0u; d < DIM; d++) {
      let delta = x[d] - means[row + d];
      distance += delta * delta;
    }
    @if(!per_dimension) logit -= 0.5 * distance / spread;
    @if(per_component) logit -= 0.5 * f32(DIM) * log(spread / noise);

    if (logit > top) {
      let rescale = exp(top - logit);
      total *= rescale;
      @if(!per_dimension) kept *= rescale;
      for (var d = 0u; d < DIM; d++) {
        sum[d] *= rescale;
      }
      top = logit;
    }
    let weight = exp(logit - top);
    if (weight > 0) {
      total += weight;
      @if(!per_dimension) kept += weight * variance / spread;
      @if(!per_dimension) let pull = weight * noise / spread;
      for (var d = 0u; d < DIM; d++) {
        @if(!per_dimension) sum[d] += pull * means[row + d];
        @if(per_dimension) sum[d] += weight * (variances[row + d] * x[d] + noise * means[row + d]) / (variances[row + d] + noise);
      }
    }
  }

  let divisor = divisor_of(trajectory);
  let output = operation.output + trajectory * DIM;
  for (var d = 0u; d < DIM; d++) {
    @if(per_dimension) let denoised = sum[d] / total;
    @if(!per_dimension) let denoised = (kept * x[d] + sum[d]) / total;
    slots[output + d] = predicted(x[d], denoised, divisor);
  }
}
