// The drift x - D and its divergence of a large Gaussian mixture or data set of any dimension, streamed in tiles and
// shards as mixture_tiled.wgsl does it; formulas in mixture_small_divergence.wgsl. Here the covariance is a difference
// of E|g|^2 and |E g|^2: both are at most some DIM / sigma^2, so that what float32 loses of the divergence is some
// roundings of DIM. E g is summed as it is, not taken from D, which would lose |x| / sigma.
import constants::{ DIM, STAGE };
import package::field::components::{ log_weights, means, variance_of, variances };
import package::field::diverge::{ operation, sigma_of, store_divergence };
import package::field::four::{ add_four, BATCH, first_of, four_of, LANES, QUADS, rows_from, store_four };
import package::field::staged::{ stage_states, staged };

struct Shard {
  first: u32, // whether sums start here
  last: u32, // whether they end here
}

@group(0) @binding(7) var<storage, read_write> carry: array<vec4f>; // [trajectories]: top, total, E|g|^2, E[sum 1/v]
@group(0) @binding(9) var<uniform> shard: Shard;

const TILE = 64u; // components, one an invocation

var<workgroup> shares: array<vec4f, TILE>; // of the tile's components, for the four trajectories
var<workgroup> reduced: array<vec4f, TILE>;

@compute @workgroup_size(64)
fn mixture_tiled_divergence(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = first_of(group, groups);
  let rows = rows_from(first, operation.trajectories);
  let sigma = vec4f(sigma_of(rows.x), sigma_of(rows.y), sigma_of(rows.z), sigma_of(rows.w));
  let noise = sigma * sigma;
  let components = arrayLength(&log_weights);

  var top = vec4f(-3e38);
  var total = vec4f(0);
  // Of this invocation's components.
  var squares = vec4f(0); // |g|^2
  var narrow = vec4f(0); // sum 1/v
  if (shard.first == 0) {
    let before = mat4x4f(carry[rows.x], carry[rows.y], carry[rows.z], carry[rows.w]);
    top = vec4f(before[0].x, before[1].x, before[2].x, before[3].x);
    total = vec4f(before[0].y, before[1].y, before[2].y, before[3].y);
    if (local == 0) {
      squares = vec4f(before[0].z, before[1].z, before[2].z, before[3].z);
      narrow = vec4f(before[0].w, before[1].w, before[2].w, before[3].w);
    }
  } else {
    for (var row = 0u; row < BATCH && first + row < operation.trajectories; row++) {
      for (var quad = local; quad < QUADS; quad += LANES) {
        store_four(operation.output, first + row, quad, vec4f(0));
      }
    }
  }

  for (var tile = 0u; tile < components; tile += TILE) {
    let k = min(tile + local, components - 1);
    var logit = vec4f(log_weights[k]);
    @if(!per_dimension) let inverse = 1 / (variance_of(k) + noise);
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);

    var square = vec4f(0);
    var width = vec4f(0);
    @if(per_dimension) var distance = vec4f(0);
    for (var stage = 0u; stage < DIM; stage += STAGE) {
      let staged_count = min(STAGE, DIM - stage);
      stage_states(operation.state, rows, stage, local);
      for (var quad = 0u; quad < (staged_count + 3) / 4; quad++) {
        let mean = means[k * QUADS + stage / 4 + quad];
        let delta = array<vec4f, 4>(
          staged[4 * quad] - mean.x,
          staged[4 * quad + 1] - mean.y,
          staged[4 * quad + 2] - mean.z,
          staged[4 * quad + 3] - mean.w,
        );
        @if(!per_dimension) square += delta[0] * delta[0] + delta[1] * delta[1] + delta[2] * delta[2] + delta[3] * delta[3];
        @if(per_dimension) for (var lane = 0u; lane < 4 && 4 * quad + lane < staged_count; lane++) {
          let inverse = 1 / (variances[k * QUADS + stage / 4 + quad][lane] + noise);
          distance += delta[lane] * delta[lane] * inverse - log(noise * inverse);
          square += delta[lane] * delta[lane] * inverse * inverse;
          width += inverse;
        }
      }
    }
    @if(!per_dimension) {
      logit -= 0.5 * square * inverse;
      square *= inverse * inverse;
      width = f32(DIM) * inverse;
    }
    @if(per_dimension) logit -= 0.5 * distance;

    workgroupBarrier();
    shares[local] = select(vec4f(-3e38), logit, tile + local < components);
    workgroupBarrier();
    var tile_top = top;
    for (var n = 0u; n < TILE; n++) {
      tile_top = max(tile_top, shares[n]);
    }
    workgroupBarrier();
    let own = select(vec4f(0), exp(logit - tile_top), tile + local < components);
    shares[local] = own;
    workgroupBarrier();
    let rescale = exp(top - tile_top);
    top = tile_top;
    total *= rescale;
    for (var n = 0u; n < TILE; n++) {
      total += shares[n];
    }
    squares = squares * rescale + own * square;
    narrow = narrow * rescale + own * width;

    for (var quad = local; quad < QUADS; quad += LANES) {
      let x = mat4x4f(
        four_of(operation.state, rows.x, quad),
        four_of(operation.state, rows.y, quad),
        four_of(operation.state, rows.z, quad),
        four_of(operation.state, rows.w, quad),
      );
      // Four variables, as in posterior_tiled.wgsl.
      var sum0 = vec4f(0);
      var sum1 = vec4f(0);
      var sum2 = vec4f(0);
      var sum3 = vec4f(0);
      for (var n = 0u; n < min(TILE, components - tile); n++) {
        let weight = shares[n];
        if (all(weight == vec4f(0))) {
          continue; // at small sigma most components are far away
        }
        let at = (tile + n) * QUADS + quad;
        let mean = means[at];
        @if(per_dimension) {
          let variance = variances[at];
          sum0 += weight.x * (x[0] - mean) / (variance + noise.x);
          sum1 += weight.y * (x[1] - mean) / (variance + noise.y);
          sum2 += weight.z * (x[2] - mean) / (variance + noise.z);
          sum3 += weight.w * (x[3] - mean) / (variance + noise.w);
        }
        @if(!per_dimension) {
          @if(per_component) let pull = weight / (variance_of(tile + n) + noise);
          @if(shared_variance) let pull = weight * inverse;
          sum0 += pull.x * (x[0] - mean);
          sum1 += pull.y * (x[1] - mean);
          sum2 += pull.z * (x[2] - mean);
          sum3 += pull.w * (x[3] - mean);
        }
      }
      let sum = mat4x4f(sum0, sum1, sum2, sum3);
      for (var row = 0u; row < BATCH && first + row < operation.trajectories; row++) {
        add_four(operation.output, first + row, quad, rescale[row], sum[row]);
      }
    }
  }

  let all_squares = sum_of(local, squares);
  let all_narrow = sum_of(local, narrow);
  if (shard.last == 0) {
    if (local < BATCH && first + local < operation.trajectories) {
      carry[first + local] = vec4f(top[local], total[local], all_squares[local], all_narrow[local]);
    }
    return;
  }
  var mean_squares = vec4f(0);
  for (var row = 0u; row < BATCH && first + row < operation.trajectories; row++) {
    // Each invocation finishes the numbers that it summed itself.
    for (var quad = local; quad < QUADS; quad += LANES) {
      let mean = four_of(operation.output, first + row, quad) / total[row];
      mean_squares[row] += dot(mean, mean);
      store_four(operation.output, first + row, quad, noise[row] * mean);
    }
  }
  let covariance = all_squares / total - sum_of(local, mean_squares);
  let divergence = noise * (all_narrow / total - covariance);
  if (local < BATCH && first + local < operation.trajectories) {
    store_divergence(first + local, divergence[local]);
  }
}

/// The sum over the workgroup, in the order of its invocations.
fn sum_of(local: u32, part: vec4f) -> vec4f {
  workgroupBarrier();
  reduced[local] = part;
  workgroupBarrier();
  var sum = vec4f(0);
  for (var n = 0u; n < TILE; n++) {
    sum += reduced[n];
  }
  return sum;
}
