// The posterior mean of a large Gaussian mixture or data set of any dimension, streamed once: a workgroup takes
// four trajectories through tiles of 64 components. In a tile each invocation first holds one component against
// the four states, then owns four dimensions of their sums; a running maximum (log-sum-exp) makes one pass
// enough, and no batch x data matrix exists. Sums wait in the output slot and (maximum, total) in `carry`, so
// that data larger than one binding comes in several dispatches, one shard each.
// 4 DIM operations per component and trajectory; a component is read from memory twice per four trajectories.
import constants::{ DIM, ROW, STAGE };
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };

struct Shard {
  first: u32, // whether sums start here
  last: u32, // whether they end here
}

@group(0) @binding(4) var<storage, read> means: array<vec4f>; // [components, ROW / 4], rows padded with zeros
@group(0) @binding(5) var<storage, read> log_weights: array<f32>; // [components]
@group(0) @binding(6) var<storage, read> variances: array<f32>; // [1], [components] or [components, ROW]
@group(0) @binding(7) var<storage, read_write> carry: array<vec2f>; // [trajectories]: maximum, total
@group(0) @binding(8) var<uniform> shard: Shard;

const TILE = 64u;
const BATCH = 4u;

var<workgroup> staged: array<vec4f, STAGE>; // part of the four states, by dimension
var<workgroup> weights: array<vec4f, TILE>; // of the tile's components, for the four trajectories

@compute @workgroup_size(64)
fn mixture_tiled(
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
  if (shard.first == 0) {
    top = vec4f(carry[rows.x].x, carry[rows.y].x, carry[rows.z].x, carry[rows.w].x);
    total = vec4f(carry[rows.x].y, carry[rows.y].y, carry[rows.z].y, carry[rows.w].y);
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
    @if(per_component) let spread = variances[k] + noise;
    @if(shared_variance) let spread = variances[0] + noise;
    @if(per_component) logit -= 0.5 * f32(DIM) * log(spread / noise);

    var distance = vec4f(0);
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
        @if(!per_dimension) distance += delta[0] * delta[0] + delta[1] * delta[1] + delta[2] * delta[2] + delta[3] * delta[3];
        // Padding has mean, state and variance 0: it adds nothing.
        @if(per_dimension) for (var lane = 0u; lane < 4; lane++) {
          let spread = variances[k * ROW + stage + 4 * quad + lane] + noise;
          distance += delta[lane] * delta[lane] / spread + log(spread / noise);
        }
      }
    }
    @if(!per_dimension) distance /= spread;
    logit -= 0.5 * distance;

    workgroupBarrier();
    weights[local] = select(vec4f(-3e38), logit, tile + local < components);
    workgroupBarrier();
    var tile_top = top;
    for (var n = 0u; n < TILE; n++) {
      tile_top = max(tile_top, weights[n]);
    }
    workgroupBarrier();
    weights[local] = select(vec4f(0), exp(logit - tile_top), tile + local < components);
    workgroupBarrier();
    let rescale = exp(top - tile_top);
    top = tile_top;
    total *= rescale;
    for (var n = 0u; n < TILE; n++) {
      total += weights[n];
    }

    for (var quad = local; quad < ROW / 4; quad += TILE) {
      // Four variables, not an array: software adapters index arrays slowly, and Dawn (webgpu 0.6.2) zeroes an
      // array without an initialiser once, not in every iteration.
      var sum0 = vec4f(0);
      var sum1 = vec4f(0);
      var sum2 = vec4f(0);
      var sum3 = vec4f(0);
      for (var n = 0u; n < min(TILE, components - tile); n++) {
        let weight = weights[n];
        if (all(weight == vec4f(0))) {
          continue; // at small sigma most components are far away
        }
        let mean = means[(tile + n) * ROW / 4 + quad];
        @if(shared_variance) {
          sum0 += weight.x * mean;
          sum1 += weight.y * mean;
          sum2 += weight.z * mean;
          sum3 += weight.w * mean;
        }
        @if(!shared_variance) {
          sum0 += weight.x * posterior(mean, tile + n, quad, rows.x, noise.x);
          sum1 += weight.y * posterior(mean, tile + n, quad, rows.y, noise.y);
          sum2 += weight.z * posterior(mean, tile + n, quad, rows.z, noise.z);
          sum3 += weight.w * posterior(mean, tile + n, quad, rows.w, noise.w);
        }
      }
      accumulate(first, quad, rescale.x, sum0);
      accumulate(first + 1, quad, rescale.y, sum1);
      accumulate(first + 2, quad, rescale.z, sum2);
      accumulate(first + 3, quad, rescale.w, sum3);
    }
  }

  if (shard.last == 0) {
    for (var lane = 0u; lane < BATCH && first + lane < operation.trajectories; lane++) {
      if (local == 0) {
        carry[first + lane] = vec2f(top[lane], total[lane]);
      }
    }
    return;
  }
  for (var lane = 0u; lane < BATCH && first + lane < operation.trajectories; lane++) {
    let divisor = divisor_of(first + lane);
    // Each invocation finishes the numbers that it summed itself.
    for (var quad = local; quad < ROW / 4; quad += TILE) {
      for (var d = 4 * quad; d < min(4 * quad + 4, DIM); d++) {
        let output = operation.output + (first + lane) * DIM + d;
        let x = slots[operation.state + (first + lane) * DIM + d];
        @if(shared_variance) let mean = slots[output] / total[lane];
        @if(shared_variance) let denoised = (variances[0] * x + noise[lane] * mean) / (variances[0] + noise[lane]);
        @if(!shared_variance) let denoised = slots[output] / total[lane];
        slots[output] = predicted(x, denoised, divisor);
      }
    }
  }
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

/// Four dimensions of the posterior mean under component k alone: (s^2 x + sigma^2 mean) / (s^2 + sigma^2).
@if(!shared_variance)
fn posterior(mean: vec4f, k: u32, quad: u32, trajectory: u32, noise: f32) -> vec4f {
  @if(per_component) let variance = vec4f(variances[k]);
  @if(per_dimension) let at = k * ROW + 4 * quad;
  @if(per_dimension) let variance = vec4f(variances[at], variances[at + 1], variances[at + 2], variances[at + 3]);
  let start = operation.state + trajectory * DIM + 4 * quad;
  let end = operation.state + trajectory * DIM + DIM - 1;
  let x = vec4f(slots[start], slots[min(start + 1, end)], slots[min(start + 2, end)], slots[min(start + 3, end)]);
  return (variance * x + noise * mean) / (variance + noise);
}
