// The posterior mean of mixture.wgsl where lanes tell each other what they load (batch/subgroup.wgsl), for one standard
// deviation a component: two components at a time, so that sums are rescaled once for both, by invocations with two
// trajectories each, so that a load and an exchange serve both. Formulas in posterior.wgsl. Multiplying and adding are
// one instruction where `fma` says so; lavapipe makes two of a product and a sum. 3,823 components in 64 dimensions took 28
// to 33 us of processor time a trajectory on lavapipe, machine busy, where mixture.wgsl took 57 to 61.
// States are loaded and stored in loops over dimensions: written out, they take long to compile.
import constants::{ DIM, PARTS };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::field::posterior::{ log_weights, means, variances };
enable subgroups;

const GROUP = 16u; // invocations
const LOADS = (2u * PARTS + LANES - 1u) / LANES; // for a pair of components
const CHUNK = 8u; // vec4 in a loop: lavapipe unrolls up to some 800 instructions, and an index that stays costs more

var<private> x: array<vec4f, PARTS>;
var<private> y: array<vec4f, PARTS>; // the invocation's other state
var<private> rows: array<vec4f, LOADS>; // of the pair, a vec4 a lane
var<private> x_sum: array<vec4f, PARTS>;
var<private> y_sum: array<vec4f, PARTS>;

@compute @workgroup_size(16)
fn mixture_pairs(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  subgroup_lane = lane;
  // Past the end the last trajectory is repeated and nothing written: lanes need each other.
  let index = (id.x + id.y * groups.x) * 2 * GROUP + local + vec2u(0, GROUP);
  let row = min(index, vec2u(operation.trajectories - 1));
  let state = operation.state + row * DIM;
  for (var d = 0u; d < DIM; d++) {
    x[d / 4][d % 4] = slots[state.x + d];
    y[d / 4][d % 4] = slots[state.y + d];
  }
  let sigma = vec2f(sigma_of(row.x), sigma_of(row.y));
  let noise = sigma * sigma;
  let components = arrayLength(&log_weights);
  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  @if(weighted) var own_weight = 0.0; // of one of eight components
  @if(per_component) var own_variance = 0.0;
  // Of both trajectories:
  var top = vec2f(-3e38);
  var total = vec2f(0);
  @if(per_component) var kept = vec2f(0); // the part of x itself in the mean: sum of w s^2 / (s^2 + sigma^2)
  var k = 0u;
  loop {
    for (var n = 0u; n < LOADS; n++) {
      rows[n] = means[min(k * PARTS + n * LANES + subgroup_lane, components * PARTS - 1)];
    }
    @if(weighted || per_component) if (k % LANES == 0) {
      let own = min(k + subgroup_lane, components - 1);
      @if(weighted) own_weight = log_weights[own];
      @if(per_component) own_variance = variances[own];
    }
    // Of a pair: `one` is the component that comes first.
    @if(per_component) let one_width = subgroupShuffle(own_variance, k % LANES);
    @if(per_component) let other_width = subgroupShuffle(own_variance, (k + 1) % LANES);
    @if(per_component) let one_inverse = 1 / (one_width + noise);
    @if(per_component) let other_inverse = 1 / (other_width + noise);
    @if(shared_variance) let one_inverse = inverse;
    @if(shared_variance) let other_inverse = inverse;
    var one = -0.5 * distances(0) * one_inverse;
    var other = -0.5 * distances(PARTS) * other_inverse;
    // Determinants are relative to the noise alone: they stay small.
    @if(per_component) one += 0.5 * f32(DIM) * log(noise * one_inverse);
    @if(per_component) other += 0.5 * f32(DIM) * log(noise * other_inverse);
    @if(weighted) one += subgroupShuffle(own_weight, k % LANES);
    @if(weighted) other += subgroupShuffle(own_weight, (k + 1) % LANES);
    other = select(vec2f(-3e38), other, k + 1 < components);

    let high = max(top, max(one, other));
    let rescale = exp(top - high);
    top = high;
    var one_weight = exp(one - high);
    var other_weight = exp(other - high);
    total = total * rescale + one_weight + other_weight;
    @if(per_component) one_weight *= one_inverse;
    @if(per_component) other_weight *= other_inverse;
    @if(per_component) kept = kept * rescale + one_weight * one_width + other_weight * other_width;
    add(0, rescale, one_weight, other_weight);
    if (PARTS > CHUNK) { add(CHUNK, rescale, one_weight, other_weight); }
    if (PARTS > 2 * CHUNK) { add(2 * CHUNK, rescale, one_weight, other_weight); }
    if (PARTS > 3 * CHUNK) { add(3 * CHUNK, rescale, one_weight, other_weight); }
    // The loop ends where its turn does: lavapipe runs the body of any other loop once more, with all lanes off.
    continuing {
      k += 2;
      break if k >= components;
    }
  }

  let share = 1 / total;
  for (var p = 0u; p < PARTS; p++) {
    @if(shared_variance) x_sum[p] = (variances[0] * x[p] + noise.x * x_sum[p] * share.x) * inverse.x;
    @if(shared_variance) y_sum[p] = (variances[0] * y[p] + noise.y * y_sum[p] * share.y) * inverse.y;
    @if(per_component) x_sum[p] = (kept.x * x[p] + noise.x * x_sum[p]) * share.x;
    @if(per_component) y_sum[p] = (kept.y * y[p] + noise.y * y_sum[p]) * share.y;
  }
  if (index.x >= operation.trajectories) {
    return;
  }
  let x_divisor = divisor_of(index.x);
  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + index.x * DIM + d] = predicted(x[d / 4][d % 4], x_sum[d / 4][d % 4], x_divisor);
  }
  if (index.y >= operation.trajectories) {
    return;
  }
  let y_divisor = divisor_of(index.y);
  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + index.y * DIM + d] = predicted(y[d / 4][d % 4], y_sum[d / 4][d % 4], y_divisor);
  }
}

/// |x - mean|^2 and |y - mean|^2 of the component whose vec4 start there in the pair's.
fn distances(start: u32) -> vec2f {
  var x_squares = vec4f(0);
  var y_squares = vec4f(0);
  for (var p = 0u; p < PARTS; p++) {
    // Padding has state and mean 0: it adds nothing.
    let mean = mean_at(start + p);
    let x_delta = x[p] - mean;
    let y_delta = y[p] - mean;
    x_squares = fma(x_delta, x_delta, x_squares);
    y_squares = fma(y_delta, y_delta, y_squares);
  }
  return vec2f(dot(x_squares, vec4f(1)), dot(y_squares, vec4f(1)));
}

/// Adds a pair to a chunk of the sums.
fn add(first: u32, rescale: vec2f, one_weight: vec2f, other_weight: vec2f) {
  for (var p = first; p < min(first + CHUNK, PARTS); p++) {
    let one = mean_at(p);
    let other = mean_at(PARTS + p);
    x_sum[p] = fma(vec4f(one_weight.x), one, fma(vec4f(other_weight.x), other, rescale.x * x_sum[p]));
    y_sum[p] = fma(vec4f(one_weight.y), one, fma(vec4f(other_weight.y), other, rescale.y * y_sum[p]));
  }
}

fn mean_at(place: u32) -> vec4f {
  return subgroupShuffle(rows[place / LANES], place % LANES);
}
