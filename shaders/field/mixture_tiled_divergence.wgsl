// The drift x - D and its divergence of a large Gaussian mixture or data set of any dimension, streamed in tiles and
// shards as mixture_tiled.wgsl does it; formulas in mixture_small_divergence.wgsl. Here the covariance is a difference
// of E|g|^2 and |E g|^2: both are at most some DIM / sigma^2, so that what float32 loses of the divergence is some
// roundings of DIM. E g is summed as it is, not taken from D, which would lose |x| / sigma.
import constants::{ DIM, ROW, STAGE };
import package::field::diverge::{ operation, sigma_of, store_divergence };
import package::field::evaluate::slots;

struct Shard {
  first: u32, // whether sums start here
  last: u32, // whether they end here
}

@group(0) @binding(4) var<storage, read> means: array<vec4f>; // [components, ROW / 4], rows padded with zeros
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@group(0) @binding(6) var<storage, read> variances: array<f32>; // [1], [components] or [components, ROW]
@group(0) @binding(7) var<storage, read_write> carry: array<vec4f>; // [trajectories]: top, total, E|g|^2, E[sum 1/v]
@group(0) @binding(9) var<uniform> shard: Shard;

const TILE = 64u;
const BATCH = 4u;

var<workgroup> staged: array<vec4f, STAGE>; // part of the four states, by dimension
var<workgroup> shares: array<vec4f, TILE>; // of the tile's components, for the four trajectories
var<workgroup> reduced: array<vec4f, TILE>;

@compute @workgroup_size(64)
fn mixture_tiled_divergence(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.x + group.y * groups.x) * BATCH;
  // Trajectories past the end repeat the last one and are not written.
  let rows = min(vec4u(0, 1, 2, 3) + first, vec4u(operation.trajectories - 1));
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
    for (var lane = 0u; lane < BATCH && first + lane < operation.trajectories; lane++) {
      for (var d = local; d < DIM; d += TILE) {
        slots[operation.output + (first + lane) * DIM + d] = 0;
      }
    }
  }
  storageBarrier();

  for (var tile = 0u; tile < components; tile += TILE) {
    let k = min(tile + local, components - 1);
    var logit = vec4f(log_weights[k]);
    @if(per_component) let inverse = 1 / (variances[k] + noise);
    @if(shared_variance) let inverse = 1 / (variances[0] + noise);
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);

    var square = vec4f(0);
    var width = vec4f(0);
    @if(per_dimension) var distance = vec4f(0);
    for (var stage = 0u; stage < DIM; stage += STAGE) {
      let staged_count = min(STAGE, DIM - stage);
      workgroupBarrier();
      for (var d = local; d < STAGE; d += TILE) {
        staged[d] = select(vec4f(0), state_at(rows, stage + d), d < staged_count);
      }
      workgroupBarrier();
      for (var quad = 0u; quad < (staged_count + 3) / 4; quad++) {
        let mean = means[(k * ROW + stage) / 4 + quad];
        let delta = array<vec4f, 4>(
          staged[4 * quad] - mean.x,
          staged[4 * quad + 1] - mean.y,
          staged[4 * quad + 2] - mean.z,
          staged[4 * quad + 3] - mean.w,
        );
        @if(!per_dimension) square += delta[0] * delta[0] + delta[1] * delta[1] + delta[2] * delta[2] + delta[3] * delta[3];
        @if(per_dimension) for (var lane = 0u; lane < 4 && 4 * quad + lane < staged_count; lane++) {
          let inverse = 1 / (variances[k * ROW + stage + 4 * quad + lane] + noise);
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

    for (var quad = local; quad < ROW / 4; quad += TILE) {
      let x = mat4x4f(four_of(rows.x, quad), four_of(rows.y, quad), four_of(rows.z, quad), four_of(rows.w, quad));
      // Four variables, as in mixture_tiled.wgsl.
      var sum0 = vec4f(0);
      var sum1 = vec4f(0);
      var sum2 = vec4f(0);
      var sum3 = vec4f(0);
      for (var n = 0u; n < min(TILE, components - tile); n++) {
        let weight = shares[n];
        if (all(weight == vec4f(0))) {
          continue; // at small sigma most components are far away
        }
        let mean = means[(tile + n) * ROW / 4 + quad];
        @if(per_dimension) {
          let at = (tile + n) * ROW + 4 * quad;
          let variance = vec4f(variances[at], variances[at + 1], variances[at + 2], variances[at + 3]);
          sum0 += weight.x * (x[0] - mean) / (variance + noise.x);
          sum1 += weight.y * (x[1] - mean) / (variance + noise.y);
          sum2 += weight.z * (x[2] - mean) / (variance + noise.z);
          sum3 += weight.w * (x[3] - mean) / (variance + noise.w);
        }
        @if(!per_dimension) {
          @if(per_component) let pull = weight / (variances[tile + n] + noise);
          @if(shared_variance) let pull = weight * inverse;
          sum0 += pull.x * (x[0] - mean);
          sum1 += pull.y * (x[1] - mean);
          sum2 += pull.z * (x[2] - mean);
          sum3 += pull.w * (x[3] - mean);
        }
      }
      accumulate(first, quad, rescale.x, sum0);
      accumulate(first + 1, quad, rescale.y, sum1);
      accumulate(first + 2, quad, rescale.z, sum2);
      accumulate(first + 3, quad, rescale.w, sum3);
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
  for (var lane = 0u; lane < BATCH && first + lane < operation.trajectories; lane++) {
    // Each invocation finishes the numbers that it summed itself.
    for (var quad = local; quad < ROW / 4; quad += TILE) {
      for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
        let output = operation.output + (first + lane) * DIM + d;
        let mean = slots[output] / total[lane];
        mean_squares[lane] += mean * mean;
        slots[output] = noise[lane] * mean;
      }
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

/// Adds a tile's part to four numbers of a trajectory's sum.
fn accumulate(trajectory: u32, quad: u32, rescale: f32, part: vec4f) {
  if (trajectory >= operation.trajectories) {
    return;
  }
  let output = operation.output + trajectory * DIM;
  for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
    slots[output + d] = slots[output + d] * rescale + part[d % 4];
  }
}

/// Dimension d of the four states.
fn state_at(rows: vec4u, d: u32) -> vec4f {
  let at = operation.state + rows * DIM + min(d, DIM - 1);
  return vec4f(slots[at.x], slots[at.y], slots[at.z], slots[at.w]);
}

/// Four dimensions of a state; past the end, the last one again.
fn four_of(trajectory: u32, quad: u32) -> vec4f {
  let at = operation.state + trajectory * DIM + min(vec4u(0, 1, 2, 3) + 4 * quad, vec4u(DIM - 1));
  return vec4f(slots[at.x], slots[at.y], slots[at.z], slots[at.w]);
}
