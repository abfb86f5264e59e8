// The posterior mean of a Gaussian mixture under noise, D(x, sigma) = E[x_0 | x_0 + sigma n = x]: one sweep over the
// components with a running maximum (log-sum-exp), x and the sum in registers. 4 DIM operations per component (6 DIM
// with standard deviations per dimension) and one exponential. Arrays are of vec4, and their loops short enough for
// compilers to unroll: of single numbers they would be memory, 2.7 times slower on lavapipe at 64-D.
import constants::{ DIM, PARTS };
@if(broadcast) import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::team::{ MEMBERS, quad_of, team_sum };

@group(0) @binding(4) var<storage, read> means: array<vec4f>; // [components, PARTS * MEMBERS], rows padded with zeros
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@if(per_dimension) @group(0) @binding(6) var<storage, read> variances: array<vec4f>; // [components, PARTS * MEMBERS]
@if(!per_dimension) @group(0) @binding(6) var<storage, read> variances: array<f32>; // [1] or [components]

// With `broadcast` the lanes of a subgroup load what they all need one vec4 each, and tell each other: on lavapipe
// loading one vec4 that all lanes need costs as much as loading another one for each. Four times faster there.
@if(broadcast) const TOGETHER = max(1u, LANES / PARTS); // components in one load
@if(broadcast) const LOADS = (PARTS + LANES - 1u) / LANES; // loads for one component

/// D of one trajectory. With `broadcast`, and with `team`, in subgroup-uniform control flow alone.
fn posterior_mean(x: array<vec4f, PARTS>, sigma: f32) -> array<vec4f, PARTS> {
  let noise = sigma * sigma;
  let components = arrayLength(&log_weights);
  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  var sum = array<vec4f, PARTS>();
  var top = -3e38;
  var total = 0.0;
  @if(per_component) var kept = 0.0; // the part of x itself in the mean: sum of w s^2 / (s^2 + sigma^2)
  @if(broadcast && weighted) var own_weight = 0.0; // of one of eight components
  @if(broadcast && per_component) var own_variance = 0.0;
  @if(broadcast) var rows = array<vec4f, LOADS>();
  @if(broadcast && per_dimension) var widths = array<vec4f, LOADS>(); // variances
  var k = 0u;
  // The loop ends where its turn does: lavapipe runs the body of any other loop once more, with all lanes off.
  loop {
    // Of what is known to be 0 compilers make less code.
    @if(broadcast) let within = select(k % TOGETHER, 0, TOGETHER == 1);
    @if(broadcast) let lane = within * PARTS;
    @if(broadcast) if (within == 0) {
      for (var n = 0u; n < LOADS; n++) {
        let at = min(k * PARTS + n * LANES + subgroup_lane, components * PARTS - 1);
        rows[n] = means[at];
        @if(per_dimension) widths[n] = variances[at];
      }
    }
    @if(broadcast) if (k % LANES == 0) {
      let own = min(k + subgroup_lane, components - 1);
      @if(weighted) own_weight = log_weights[own];
      @if(per_component) own_variance = variances[own];
    }
    @if(broadcast && per_component) let width = subgroupShuffle(own_variance, k % LANES);
    @if(!broadcast && per_component) let width = variances[k];
    @if(per_component) let inverse = 1 / (width + noise);
    var squares = vec4f(0);
    for (var p = 0u; p < PARTS; p++) {
      @if(broadcast) let mean = subgroupShuffle(rows[p / LANES], (lane + p) % LANES);
      @if(!broadcast) let mean = means[k * PARTS * MEMBERS + quad_of(p)];
      let delta = x[p] - mean;
      // Padding has state, mean and variance 0: it adds nothing.
      @if(broadcast && per_dimension) let variance = subgroupShuffle(widths[p / LANES], (lane + p) % LANES);
      @if(!broadcast && per_dimension) let variance = variances[k * PARTS * MEMBERS + quad_of(p)];
      @if(per_dimension) let spread = variance + noise;
      @if(per_dimension) squares += delta / spread * delta + log(spread / noise);
      @if(!per_dimension) squares += delta * delta;
    }
    let distance = team_sum(dot(squares, vec4f(1)));
    // Determinants are relative to the noise alone: they stay small.
    @if(per_dimension) var logit = -0.5 * distance;
    @if(per_component) var logit = -0.5 * (distance * inverse - f32(DIM) * log(noise * inverse));
    @if(shared_variance) var logit = -0.5 * distance * inverse;
    @if(broadcast && weighted) logit += subgroupShuffle(own_weight, k % LANES);
    @if(!broadcast && weighted) logit += log_weights[k];

    // Of the two exponentials, of what was and of what comes, the larger one is 1.
    let smaller = exp(-abs(logit - top));
    let rescale = select(1, smaller, logit > top);
    let weight = select(smaller, 1, logit > top);
    top = max(top, logit);
    total = total * rescale + weight;
    @if(per_component) kept = kept * rescale + weight * width * inverse;
    @if(per_component) let pull = weight * inverse;
    @if(shared_variance) let pull = weight;
    for (var p = 0u; p < PARTS; p++) {
      @if(broadcast) let mean = subgroupShuffle(rows[p / LANES], (lane + p) % LANES);
      @if(!broadcast) let mean = means[k * PARTS * MEMBERS + quad_of(p)];
      @if(!per_dimension) sum[p] = sum[p] * rescale + pull * mean;
      @if(broadcast && per_dimension) let variance = subgroupShuffle(widths[p / LANES], (lane + p) % LANES);
      @if(!broadcast && per_dimension) let variance = variances[k * PARTS * MEMBERS + quad_of(p)];
      @if(per_dimension) sum[p] = sum[p] * rescale + weight * (variance * x[p] + noise * mean) / (variance + noise);
    }
    continuing {
      k++;
      break if k >= components;
    }
  }

  let share = 1 / total;
  for (var p = 0u; p < PARTS; p++) {
    let others = sum[p] * share;
    @if(per_dimension) sum[p] = others;
    @if(per_component) sum[p] = x[p] * (kept * share) + noise * others;
    @if(shared_variance) sum[p] = (variances[0] * x[p] + noise * others) * inverse;
  }
  return sum;
}
