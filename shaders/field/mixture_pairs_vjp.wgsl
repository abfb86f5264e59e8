// The vector-Jacobian product of mixture_vjp.wgsl where lanes tell each other what they load (batch/subgroup.wgsl), two
// components at a time, for one standard deviation a component. One trajectory an invocation, formulas in
// mixture_small_vjp.wgsl. Sums are those of mixture_tiled_vjp.wgsl: covariances about the running mean of c.g, sums of
// products following when it moves, once a pair. 10 DIM operations per component and 3 DIM for the move of a pair.
// 3,823 components in 64 dimensions took 59 to 65 us of processor time a trajectory on lavapipe, machine busy, where
// mixture_vjp.wgsl took 184 to 282: about 24 are loads, which 8 trajectories share.
import constants::{ DIM, PARTS };
import package::batch::dispatch::linear_index;
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::evaluate::slots;
import package::field::posterior::{ log_weights, means, variances };
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };
enable subgroups;

const GROUP = 16u;
const LOADS = (2u * PARTS + LANES - 1u) / LANES; // for a pair
const CHUNK = 4u; // vec4 in a loop: lavapipe unrolls up to some 800 instructions, and an index that stays costs more

var<private> x: array<vec4f, PARTS>;
var<private> cotangent: array<vec4f, PARTS>;
var<private> rows: array<vec4f, LOADS>; // of the pair, a vec4 a lane
// Over components so far, relative to the largest logit: w g, and w (c.g - center) g.
var<private> scores: array<vec4f, PARTS>;
var<private> products: array<vec4f, PARTS>;

@compute @workgroup_size(16)
fn mixture_pairs_vjp(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  subgroup_lane = lane;
  let index = linear_index(id, groups, GROUP);
  // Invocations past the end repeat the last trajectory and write nothing: lanes need each other.
  let trajectory = min(index, operation.trajectories - 1);
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;
  let state = operation.state + trajectory * DIM;
  let given = operation.cotangent + trajectory * DIM;
  for (var d = 0u; d < DIM; d++) {
    x[d / 4][d % 4] = slots[state + d];
    cotangent[d / 4][d % 4] = slots[given + d];
  }

  let components = arrayLength(&log_weights);
  @if(shared_variance) let variance = vec2f(variances[0]);
  @if(shared_variance) let inverse = 1 / (variance + noise);
  @if(weighted) var own_weight = 0.0; // of one of eight components
  @if(per_component) var own_variance = 0.0;
  var top = -3e38;
  var total = 0.0;
  // Of c.g and of the logit's derivative to sigma, over sigma: what they are counted from, their running means up to
  // rounding, and what that leaves of their weighted sums; then the weighted sum of the two's product.
  var center = vec2f(0);
  var missed = vec2f(0);
  var sigma_sum = 0.0;
  var kept = 0.0; // w s^2/v
  var sigma_kept = 0.0; // w s^2/v c.g
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
    @if(per_component) let variance = pair_of(own_variance, k);
    @if(per_component) let inverse = 1 / (variance + noise);
    let first = met(0);
    let second = met(PARTS);
    let distance = inverse * vec2f(first.x, second.x);
    let along = inverse * vec2f(first.y, second.y);
    // Determinants are relative to the noise alone: they stay small. What all components share is left out.
    var slope = distance * inverse;
    var logit = -0.5 * distance;
    @if(per_component) slope -= f32(DIM) * inverse;
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);
    @if(weighted) logit += pair_of(own_weight, k);
    logit.y = select(-3e38, logit.y, k + 1 < components);

    let high = max(top, max(logit.x, logit.y));
    let rescale = exp(top - high);
    let weight = exp(logit - high);
    top = high;
    let before = total * rescale;
    total = before + weight.x + weight.y;
    let next = (before * center + vec2f(dot(weight, along), dot(weight, slope))) / total;
    let moved = center - next;
    center = next;
    let part = weight * (along - next.x);
    let apart = slope - next.y;
    sigma_sum = rescale * (sigma_sum + moved.x * missed.y + moved.y * missed.x) + before * moved.x * moved.y
      + dot(part, apart);
    missed = rescale * missed + before * moved + vec2f(part.x + part.y, dot(weight, apart));
    let share = weight * variance * inverse;
    kept = kept * rescale + share.x + share.y;
    sigma_kept = sigma_kept * rescale + dot(share, along);

    let factors = Factors(rescale, rescale * moved.x, weight * inverse, part * inverse);
    add(0, factors);
    if (PARTS > CHUNK) { add(CHUNK, factors); }
    if (PARTS > 2 * CHUNK) { add(2 * CHUNK, factors); }
    if (PARTS > 3 * CHUNK) { add(3 * CHUNK, factors); }
    if (PARTS > 4 * CHUNK) { add(4 * CHUNK, factors); }
    if (PARTS > 5 * CHUNK) { add(5 * CHUNK, factors); }
    if (PARTS > 6 * CHUNK) { add(6 * CHUNK, factors); }
    if (PARTS > 7 * CHUNK) { add(7 * CHUNK, factors); }
    // The loop ends where its turn does: lavapipe runs the body of any other loop once more, with all lanes off.
    continuing {
      k += 2;
      break if k >= components;
    }
  }
  if (index >= operation.trajectories) {
    return;
  }

  for (var p = 0u; p < PARTS; p++) {
    let covariance = products[p] - missed.x / total * scores[p];
    products[p] = (kept * cotangent[p] + noise * covariance) / total;
  }
  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + trajectory * DIM + d] = products[d / 4][d % 4];
  }
  let covariance = sigma_sum - missed.x / total * missed.y;
  store_sigma_gradient(trajectory, sigma * (2 * sigma_kept + noise * covariance) / total);
}

/// |mean - x|^2 and c.(mean - x) of the component whose vec4 start there in the pair's.
fn met(start: u32) -> vec2f {
  var squares = vec4f(0);
  var along = vec4f(0);
  for (var p = 0u; p < PARTS; p++) {
    // Padding has state, cotangent and mean 0: it adds nothing.
    let delta = mean_at(start + p) - x[p];
    squares = fma(delta, delta, squares);
    along = fma(cotangent[p], delta, along);
  }
  return vec2f(dot(squares, vec4f(1)), dot(along, vec4f(1)));
}

/// What a pair does to the sums.
struct Factors {
  rescale: f32, // of what was
  moved: f32, // by how much the center did, rescaled
  score: vec2f, // w / v of each component
  product: vec2f, // w (c.g - center) / v
}

/// Adds a pair to a chunk of the sums.
fn add(first: u32, by: Factors) {
  for (var p = first; p < min(first + CHUNK, PARTS); p++) {
    let one = mean_at(p) - x[p];
    let other = mean_at(PARTS + p) - x[p];
    let older = fma(vec4f(by.moved), scores[p], by.rescale * products[p]);
    products[p] = fma(vec4f(by.product.x), one, fma(vec4f(by.product.y), other, older));
    scores[p] = fma(vec4f(by.score.x), one, fma(vec4f(by.score.y), other, by.rescale * scores[p]));
  }
}

fn mean_at(place: u32) -> vec4f {
  return subgroupShuffle(rows[place / LANES], place % LANES);
}

/// Of what the lanes hold of eight components, that of components k and k + 1.
@if(weighted || per_component)
fn pair_of(own: f32, k: u32) -> vec2f {
  return vec2f(subgroupShuffle(own, k % LANES), subgroupShuffle(own, (k + 1) % LANES));
}
