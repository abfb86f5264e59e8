// The posterior mean of a Gaussian mixture under noise, as mixture.wgsl, for states of up to four numbers: they
// are one vector, never an array, which SwiftShader indexes slowly: on two moons (500 components) this kernel is
// three times faster there than mixture.wgsl, and as fast on lavapipe.
import package::batch::dispatch::linear_index;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };

@if(dim1) const DIM = 1u;
@if(dim2) const DIM = 2u;
@if(dim3) const DIM = 3u;
@if(dim4) const DIM = 4u;
// A state of one number fills a pair, the other being 0 everywhere; a vec3 stands in memory like a vec4.
@if(dim1) alias State = vec2f;
@if(dim2) alias State = vec2f;
@if(dim3) alias State = vec3f;
@if(dim4) alias State = vec4f;

@group(0) @binding(4) var<storage, read> means: array<State>; // [components]
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@if(per_dimension) @group(0) @binding(6) var<storage, read> variances: array<State>; // [components]
@if(!per_dimension) @group(0) @binding(6) var<storage, read> variances: array<f32>; // [1] or [components]

@compute @workgroup_size(64)
fn mixture_small(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;
  var x: State;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[operation.state + trajectory * DIM + d];
  }

  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  var top = -3e38;
  var total = 0.0;
  var sum: State;
  @if(per_component) var kept = 0.0; // the part of x itself in the mean: sum of w s^2 / (s^2 + sigma^2)
  for (var k = 0u; k < arrayLength(&means); k++) {
    let mean = means[k];
    let delta = x - mean;
    // Determinants are relative to the noise alone: they stay small.
    @if(per_dimension) let spread = variances[k] + noise;
    @if(per_dimension) var logit = -0.5 * (dot(delta / spread, delta) + dot(log(spread / noise), State(1)));
    @if(per_component) let inverse = 1 / (variances[k] + noise);
    @if(per_component) var logit = -0.5 * (dot(delta, delta) * inverse - f32(DIM) * log(noise * inverse));
    @if(shared_variance) var logit = -0.5 * dot(delta, delta) * inverse;
    @if(weighted) logit += log_weights[k];

    if (logit > top) {
      let rescale = exp(top - logit);
      total *= rescale;
      @if(per_component) kept *= rescale;
      sum *= rescale;
      top = logit;
    }
    let weight = exp(logit - top);
    total += weight;
    @if(per_component) kept += weight * variances[k] * inverse;
    @if(per_component) sum += weight * inverse * mean;
    @if(shared_variance) sum += weight * mean;
    @if(per_dimension) sum += weight * (variances[k] * x + noise * mean) / spread;
  }

  let others = sum / total;
  @if(per_dimension) let denoised = others;
  @if(per_component) let denoised = x * (kept / total) + noise * others;
  @if(shared_variance) let denoised = (variances[0] * x + noise * others) * inverse;
  let divisor = divisor_of(trajectory);
  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + trajectory * DIM + d] = predicted(x[d], denoised[d], divisor);
  }
}
