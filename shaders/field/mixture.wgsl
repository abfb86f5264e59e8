// The posterior mean of a Gaussian mixture under noise, D(x, sigma) = E[x_0 | x_0 + sigma n = x], one trajectory
// an invocation: one sweep over the components with a running maximum (log-sum-exp), x and the sum in registers.
// 4 DIM operations per component (6 DIM with standard deviations per dimension) and one exponential; components
// are read once per invocation, at the same address by all of them. Arrays are of vec4, and their loops short
// enough for compilers to unroll: of single numbers they would be memory, 2.7 times slower on lavapipe at 64-D.
// For DIM from 5 to 128: mixture_small.wgsl is for less, mixture_tiled.wgsl for more.
import constants::{ DIM, PARTS };
import package::batch::dispatch::linear_index;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };

@group(0) @binding(4) var<storage, read> means: array<vec4f>; // [components, PARTS], rows padded with zeros
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@if(per_dimension) @group(0) @binding(6) var<storage, read> variances: array<vec4f>; // [components, PARTS]
@if(!per_dimension) @group(0) @binding(6) var<storage, read> variances: array<f32>; // [1] or [components]

@compute @workgroup_size(64)
fn mixture(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let noise = sigma_of(trajectory) * sigma_of(trajectory);
  let start = operation.state + trajectory * DIM;
  var x: array<vec4f, PARTS>;
  var sum: array<vec4f, PARTS>;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = p * 4 + lane;
      x[p][lane] = select(0, slots[start + min(d, DIM - 1)], d < DIM);
    }
  }

  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  var top = -3e38;
  var total = 0.0;
  @if(per_component) var kept = 0.0; // the part of x itself in the mean: sum of w s^2 / (s^2 + sigma^2)
  for (var k = 0u; k < arrayLength(&log_weights); k++) {
    let row = k * PARTS;
    @if(per_component) let inverse = 1 / (variances[k] + noise);
    var distance = 0.0;
    for (var p = 0u; p < PARTS; p++) {
      let delta = x[p] - means[row + p];
      @if(!per_dimension) distance += dot(delta, delta);
      // Padding has state, mean and variance 0: it adds nothing.
      @if(per_dimension) let spread = variances[row + p] + noise;
      @if(per_dimension) distance += dot(delta / spread, delta) + dot(log(spread / noise), vec4f(1));
    }
    // Determinants are relative to the noise alone: they stay small.
    @if(per_dimension) var logit = -0.5 * distance;
    @if(per_component) var logit = -0.5 * (distance * inverse - f32(DIM) * log(noise * inverse));
    @if(shared_variance) var logit = -0.5 * distance * inverse;
    @if(weighted) logit += log_weights[k];

    if (logit > top) {
      let rescale = exp(top - logit);
      total *= rescale;
      @if(per_component) kept *= rescale;
      for (var p = 0u; p < PARTS; p++) {
        sum[p] *= rescale;
      }
      top = logit;
    }
    let weight = exp(logit - top);
    total += weight;
    @if(per_component) kept += weight * variances[k] * inverse;
    @if(per_component) let pull = weight * inverse;
    @if(shared_variance) let pull = weight;
    for (var p = 0u; p < PARTS; p++) {
      @if(!per_dimension) sum[p] += pull * means[row + p];
      @if(per_dimension) sum[p] += weight * (variances[row + p] * x[p] + noise * means[row + p]) / (variances[row + p] + noise);
    }
  }

  let divisor = divisor_of(trajectory);
  let output = operation.output + trajectory * DIM;
  for (var p = 0u; p < PARTS; p++) {
    let others = sum[p] / total;
    @if(per_dimension) let denoised = others;
    @if(per_component) let denoised = x[p] * (kept / total) + noise * others;
    @if(shared_variance) let denoised = (variances[0] * x[p] + noise * others) * inverse;
    for (var lane = 0u; lane < 4; lane++) {
      let d = p * 4 + lane;
      if (d < DIM) {
        slots[output + d] = predicted(x[p][lane], denoised[lane], divisor);
      }
    }
  }
}
