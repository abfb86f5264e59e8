// The posterior mean of a Gaussian mixture under noise, as posterior.wgsl, for states of up to four numbers: they are
// one vector, never an array, which SwiftShader indexes slowly: on two moons (500 components) this is three times
// faster there.
import constants::DIM;
@if(broadcast) import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::state::State;

@group(0) @binding(4) var<storage, read> means: array<State>; // [components]
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@if(per_dimension) @group(0) @binding(6) var<storage, read> variances: array<State>; // [components]
@if(!per_dimension) @group(0) @binding(6) var<storage, read> variances: array<f32>; // [1] or [components]

/// D of one trajectory. With `broadcast` each lane loads one of eight components; then in subgroup-uniform control
/// flow alone.
fn posterior_mean(x: State, sigma: f32) -> State {
  let noise = sigma * sigma;
  let components = arrayLength(&means);
  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  var top = -3e38;
  var total = 0.0;
  var sum = State();
  @if(per_component) var kept = 0.0; // the part of x itself in the mean: sum of w s^2 / (s^2 + sigma^2)
  @if(broadcast) var own_mean = State(); // of one of eight components
  @if(broadcast && weighted) var own_weight = 0.0;
  @if(broadcast && per_component) var own_variance = 0.0;
  @if(broadcast && per_dimension) var own_variance = State();
  var k = 0u;
  // The loop ends where its turn does: lavapipe runs the body of any other loop once more, with all lanes off.
  loop {
    @if(broadcast) if (k % LANES == 0) {
      let own = min(k + subgroup_lane, components - 1);
      own_mean = means[own];
      @if(weighted) own_weight = log_weights[own];
      @if(!shared_variance) own_variance = variances[own];
    }
    @if(broadcast) let mean = subgroupShuffle(own_mean, k % LANES);
    @if(!broadcast) let mean = means[k];
    let delta = x - mean;
    // Determinants are relative to the noise alone: they stay small.
    @if(broadcast && !shared_variance) let variance = subgroupShuffle(own_variance, k % LANES);
    @if(!broadcast && !shared_variance) let variance = variances[k];
    @if(per_dimension) let spread = variance + noise;
    @if(per_dimension) var logit = -0.5 * (dot(delta / spread, delta) + dot(log(spread / noise), State(1)));
    @if(per_component) let inverse = 1 / (variance + noise);
    @if(per_component) var logit = -0.5 * (dot(delta, delta) * inverse - f32(DIM) * log(noise * inverse));
    @if(shared_variance) var logit = -0.5 * dot(delta, delta) * inverse;
    @if(broadcast && weighted) logit += subgroupShuffle(own_weight, k % LANES);
    @if(!broadcast && weighted) logit += log_weights[k];

    // Of the two exponentials, of what was and of what comes, the larger one is 1.
    let smaller = exp(-abs(logit - top));
    let rescale = select(1, smaller, logit > top);
    let weight = select(smaller, 1, logit > top);
    top = max(top, logit);
    total = total * rescale + weight;
    @if(per_component) kept = kept * rescale + weight * variance * inverse;
    @if(per_component) sum = sum * rescale + weight * inverse * mean;
    @if(shared_variance) sum = sum * rescale + weight * mean;
    @if(per_dimension) sum = sum * rescale + weight * (variance * x + noise * mean) / spread;
    continuing {
      k++;
      break if k >= components;
    }
  }

  let others = sum / total;
  @if(per_dimension) return others;
  @if(per_component) return x * (kept / total) + noise * others;
  @if(shared_variance) return (variances[0] * x + noise * others) * inverse;
}
