// The posterior mean of a large Gaussian mixture or data set of any dimension, streamed once, for four trajectories: they go
// through tiles of 64 components. In a tile each invocation first holds one component against the four states, then
// owns four dimensions of their sums; a running maximum (log-sum-exp) makes one pass enough, and no batch x data matrix
// exists. Sums wait in memory.
// 4 DIM operations per component and trajectory; a component is read from memory twice per four trajectories.
import constants::{ DIM, STAGE };
import package::field::components::{ log_weights, means, posterior, variance_of, variances };
import package::field::four::{ add_four, BATCH, four_of, LANES, QUADS, store_answer, store_four, Task };
import package::field::staged::{ stage_states, staged };

const TILE = 64u; // components, one an invocation

var<workgroup> weights: array<vec4f, TILE>; // of the tile's components, for the four trajectories

/// What is known of the components so far, besides their sums.
struct Running {
  top: vec4f, // the largest logit
  total: vec4f, // of the weights relative to it
}

/// Begins sums in the slot `sums`.
fn begin_sums(task: Task, sums: u32, local: u32) -> Running {
  for (var row = 0u; row < BATCH && task.first + row < task.trajectories; row++) {
    for (var quad = local; quad < QUADS; quad += LANES) {
      store_four(sums, task.first + row, quad, vec4f(0));
    }
  }
  return Running(vec4f(-3e38), vec4f(0));
}

/// Adds the components of the binding. Called by all invocations.
fn sum_components(task: Task, sums: u32, before: Running, local: u32) -> Running {
  let noise = task.noise;
  let components = arrayLength(&log_weights);
  var top = before.top;
  var total = before.total;
  for (var tile = 0u; tile < components; tile += TILE) {
    let k = min(tile + local, components - 1);
    var distance = vec4f(0);
    for (var stage = 0u; stage < DIM; stage += STAGE) {
      let staged_count = min(STAGE, DIM - stage);
      stage_states(task.state, task.rows, stage, local);
      for (var quad = 0u; quad < (staged_count + 3) / 4; quad++) {
        let at = k * QUADS + stage / 4 + quad;
        let mean = means[at];
        let delta0 = staged[4 * quad] - mean.x;
        let delta1 = staged[4 * quad + 1] - mean.y;
        let delta2 = staged[4 * quad + 2] - mean.z;
        let delta3 = staged[4 * quad + 3] - mean.w;
        @if(!per_dimension) distance += delta0 * delta0 + delta1 * delta1 + delta2 * delta2 + delta3 * delta3;
        @if(per_dimension) {
          let variance = variances[at];
          distance += distance_of(delta0, variance.x, noise) + distance_of(delta1, variance.y, noise);
          distance += distance_of(delta2, variance.z, noise) + distance_of(delta3, variance.w, noise);
        }
      }
    }
    var logit = vec4f(log_weights[k]);
    @if(!per_dimension) let spread = variance_of(k) + noise;
    @if(!per_dimension) distance /= spread;
    @if(per_component) logit -= 0.5 * f32(DIM) * log(spread / noise);
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

    for (var quad = local; quad < QUADS; quad += LANES) {
      add_tile(task, sums, tile, quad, rescale);
    }
  }
  return Running(top, total);
}

/// Adds a tile's part to four dimensions of the four sums.
fn add_tile(task: Task, sums: u32, tile: u32, quad: u32, rescale: vec4f) {
  let components = arrayLength(&log_weights);
  @if(!shared_variance) let noise = task.noise;
  @if(!shared_variance) let x0 = four_of(task.state, task.rows.x, quad);
  @if(!shared_variance) let x1 = four_of(task.state, task.rows.y, quad);
  @if(!shared_variance) let x2 = four_of(task.state, task.rows.z, quad);
  @if(!shared_variance) let x3 = four_of(task.state, task.rows.w, quad);
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
    let at = (tile + n) * QUADS + quad;
    let mean = means[at];
    @if(shared_variance) {
      sum0 += weight.x * mean;
      sum1 += weight.y * mean;
      sum2 += weight.z * mean;
      sum3 += weight.w * mean;
    }
    @if(!shared_variance) {
      @if(per_component) let variance = vec4f(variance_of(tile + n));
      @if(per_dimension) let variance = variances[at];
      sum0 += weight.x * posterior(x0, mean, variance, noise.x);
      sum1 += weight.y * posterior(x1, mean, variance, noise.y);
      sum2 += weight.z * posterior(x2, mean, variance, noise.z);
      sum3 += weight.w * posterior(x3, mean, variance, noise.w);
    }
  }
  let sum = mat4x4f(sum0, sum1, sum2, sum3);
  for (var row = 0u; row < BATCH && task.first + row < task.trajectories; row++) {
    add_four(sums, task.first + row, quad, rescale[row], sum[row]);
  }
}

/// Writes what the task asks for, given the sums over all components.
fn finish_sums(task: Task, sums: u32, total: vec4f, local: u32) {
  for (var row = 0u; row < BATCH && task.first + row < task.trajectories; row++) {
    for (var quad = local; quad < QUADS; quad += LANES) {
      let x = four_of(task.state, task.first + row, quad);
      var denoised = four_of(sums, task.first + row, quad) / total[row];
      @if(shared_variance) denoised = posterior(x, denoised, vec4f(variance_of(0)), task.noise[row]);
      store_answer(task, row, quad, x, denoised, task.divisors[row]);
    }
  }
}

/// One dimension of a component's own width, its determinant included, for four states. Padding has mean, state and
/// variance 0: it adds nothing.
@if(per_dimension)
fn distance_of(delta: vec4f, variance: f32, noise: vec4f) -> vec4f {
  let spread = variance + noise;
  return delta * delta / spread + log(spread / noise);
}
