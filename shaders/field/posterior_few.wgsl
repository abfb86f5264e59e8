// The posterior mean of a Gaussian mixture of at most 64 components in many dimensions, for four trajectories: invocations
// share out their dimensions. Distances to CHUNK components at a time are summed in registers and added up through
// workgroup memory in an order that is fixed; then come the weights (log-sum-exp) and a second sweep over the means.
// posterior_tiled.wgsl is for more components, which it shares out among invocations where this one shares out dimensions.
// 4 DIM operations per component and trajectory (3 and 2, and one for the weights); a component is read from memory
// twice per four trajectories, a state once per CHUNK components and once more.
import constants::{ CHUNK, DIM, MOST };
import package::field::components::{ log_weights, means, posterior, variance_of, variances };
import package::field::four::{ four_of, LANES, store_answer, Task };

const PARTS = 8u; // that a sum over lanes is first added up to

// Numbers of the four trajectories each.
var<workgroup> partial: array<vec4f, LANES * CHUNK>; // [CHUNK, LANES]: distances over an invocation's own dimensions
var<workgroup> parts: array<vec4f, PARTS * CHUNK>; // [CHUNK, PARTS]
var<workgroup> logits: array<vec4f, MOST>;
var<workgroup> weights: array<vec4f, MOST>; // not normalised
var<workgroup> total: vec4f; // of the weights
@if(!per_dimension) var<workgroup> kept: vec4f; // of the state: the mean of s^2 / (s^2 + sigma^2)

/// Evaluates four trajectories. Called by all invocations; the output may be the state's own place.
/// Loops end where their turn does: lavapipe runs the body of any other loop once more, with all lanes off.
fn evaluate_few(task: Task, local: u32) {
  let components = arrayLength(&log_weights);
  // Not a constant: software adapters write out a loop whose end they know.
  let quads = arrayLength(&means) / components;
  var chunk = 0u;
  loop {
    find_logits(task, chunk, quads, local);
    continuing {
      chunk += CHUNK;
      break if chunk >= components;
    }
  }
  workgroupBarrier();
  find_weights(task.noise, local);
  workgroupBarrier();
  if (local < quads) {
    var quad = local;
    loop {
      answer_quad(task, quad, quads);
      continuing {
        quad += LANES;
        break if quad >= quads;
      }
    }
  }
}

/// Writes the logits of CHUNK components.
fn find_logits(task: Task, chunk: u32, quads: u32, local: u32) {
  let noise = task.noise;
  let components = arrayLength(&log_weights);
  var distances = array<vec4f, CHUNK>();
  if (local < quads) {
    var quad = local;
    loop {
      let x0 = four_of(task.state, task.rows.x, quad);
      let x1 = four_of(task.state, task.rows.y, quad);
      let x2 = four_of(task.state, task.rows.z, quad);
      let x3 = four_of(task.state, task.rows.w, quad);
      for (var j = 0u; j < CHUNK; j++) {
        let at = min(chunk + j, components - 1) * quads + quad;
        let mean = means[at];
        @if(!per_dimension) distances[j] += vec4f(
          square(x0 - mean),
          square(x1 - mean),
          square(x2 - mean),
          square(x3 - mean),
        );
        @if(per_dimension) let variance = variances[at];
        @if(per_dimension) distances[j] += vec4f(
          distance_of(x0 - mean, variance, noise.x),
          distance_of(x1 - mean, variance, noise.y),
          distance_of(x2 - mean, variance, noise.z),
          distance_of(x3 - mean, variance, noise.w),
        );
      }
      continuing {
        quad += LANES;
        break if quad >= quads;
      }
    }
  }
  for (var j = 0u; j < CHUNK; j++) {
    partial[j * LANES + local] = distances[j];
  }
  workgroupBarrier();
  // One each: PARTS * CHUNK invocations at most.
  if (local < PARTS * CHUNK) {
    var sum = vec4f(0);
    for (var n = 0u; n < LANES / PARTS; n++) {
      sum += partial[local * (LANES / PARTS) + n];
    }
    parts[local] = sum;
  }
  workgroupBarrier();
  let k = chunk + local;
  if (local < CHUNK && k < components) {
    var sum = vec4f(0);
    for (var n = 0u; n < PARTS; n++) {
      sum += parts[local * PARTS + n];
    }
    var logit = vec4f(log_weights[k]);
    @if(!per_dimension) let spread = variance_of(k) + noise;
    @if(per_component) logit -= 0.5 * f32(DIM) * log(spread / noise);
    @if(!per_dimension) sum /= spread;
    logits[k] = logit - 0.5 * sum;
  }
  // The next chunk writes `parts` only after a barrier of its own, and `partial` was read before the last one.
}

/// Turns the logits into weights. Between its barriers all have read the logits, which make room for what the means are
/// multiplied by.
fn find_weights(noise: vec4f, local: u32) {
  let components = arrayLength(&log_weights);
  if (local < components) {
    var top = logits[0];
    for (var k = 1u; k < components; k++) {
      top = max(top, logits[k]);
    }
    weights[local] = exp(logits[local] - top);
  }
  workgroupBarrier();
  @if(!per_dimension) if (local < components) {
    logits[local] = weights[local] * (noise / (variance_of(local) + noise));
  }
  if (local == 0) {
    var sum = vec4f(0);
    @if(!per_dimension) var keeps = vec4f(0);
    for (var k = 0u; k < components; k++) {
      sum += weights[k];
      @if(!per_dimension) let variance = variance_of(k);
      @if(!per_dimension) keeps += weights[k] * (variance / (variance + noise));
    }
    total = sum;
    @if(!per_dimension) kept = keeps / sum;
  }
}

/// Writes four dimensions of the answers.
fn answer_quad(task: Task, quad: u32, quads: u32) {
  @if(per_dimension) let noise = task.noise;
  let components = arrayLength(&log_weights);
  let x0 = four_of(task.state, task.rows.x, quad);
  let x1 = four_of(task.state, task.rows.y, quad);
  let x2 = four_of(task.state, task.rows.z, quad);
  let x3 = four_of(task.state, task.rows.w, quad);
  var sum0 = vec4f(0);
  var sum1 = vec4f(0);
  var sum2 = vec4f(0);
  var sum3 = vec4f(0);
  var k = 0u;
  loop {
    let mean = means[k * quads + quad];
    @if(!per_dimension) {
      let weight = logits[k];
      sum0 += weight.x * mean;
      sum1 += weight.y * mean;
      sum2 += weight.z * mean;
      sum3 += weight.w * mean;
    }
    @if(per_dimension) {
      let weight = weights[k];
      let variance = variances[k * quads + quad];
      sum0 += weight.x * posterior(x0, mean, variance, noise.x);
      sum1 += weight.y * posterior(x1, mean, variance, noise.y);
      sum2 += weight.z * posterior(x2, mean, variance, noise.z);
      sum3 += weight.w * posterior(x3, mean, variance, noise.w);
    }
    continuing {
      k++;
      break if k >= components;
    }
  }
  sum0 /= total.x;
  sum1 /= total.y;
  sum2 /= total.z;
  sum3 /= total.w;
  @if(!per_dimension) {
    sum0 += kept.x * x0;
    sum1 += kept.y * x1;
    sum2 += kept.z * x2;
    sum3 += kept.w * x3;
  }
  store_answer(task, 0, quad, x0, sum0, task.divisors.x);
  store_answer(task, 1, quad, x1, sum1, task.divisors.y);
  store_answer(task, 2, quad, x2, sum2, task.divisors.z);
  store_answer(task, 3, quad, x3, sum3, task.divisors.w);
}

@if(!per_dimension)
fn square(delta: vec4f) -> f32 {
  return dot(delta, delta);
}

/// Over four dimensions of widths of their own, their determinant included. Padding adds nothing.
@if(per_dimension)
fn distance_of(delta: vec4f, variance: vec4f, noise: f32) -> f32 {
  let spread = variance + noise;
  return dot(delta * delta / spread + log(spread / noise), vec4f(1));
}
