// The vector-Jacobian product of a Gaussian mixture's D for DIM from 5 to 128: formulas and reasons in
// mixture_small_vjp.wgsl, arrays of vec4 in registers as in mixture.wgsl. 10 DIM operations per component
// (14 DIM with standard deviations per dimension) and one exponential. 128 trajectories, 3,823 components and 64
// dimensions took 44 ms of processor time on lavapipe (35 to 117 in 11 runs on a busy machine): 7 GFLOP/s a core.
// lavapipe has mixture_pairs_vjp.wgsl instead from 24 components on, unless standard deviations differ by dimension.
import constants::{ DIM, PARTS };
import package::field::evaluate::slots;
import package::field::posterior::{ log_weights, means, variances };
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };
import package::field::team::{ Invocation, leads, MEMBERS, quad_of, team_sum, team_sums, trajectory_of };
@if(team) enable subgroups;

@compute @workgroup_size(64)
fn mixture_vjp(at: Invocation) {
  let index = trajectory_of(at);
  // Invocations past the end repeat the last trajectory and write nothing: lanes of a team need each other.
  let trajectory = min(index, operation.trajectories - 1);
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;
  let state = operation.state + trajectory * DIM;
  let given = operation.cotangent + trajectory * DIM;
  var x: array<vec4f, PARTS>;
  var cotangent: array<vec4f, PARTS>;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      x[p][lane] = select(0, slots[state + min(d, DIM - 1)], d < DIM);
      cotangent[p][lane] = select(0, slots[given + min(d, DIM - 1)], d < DIM);
    }
  }

  @if(shared_variance) let variance = variances[0];
  @if(shared_variance) let inverse = 1 / (variance + noise);
  var top = -3e38;
  var total = 0.0;
  var mean_score: array<vec4f, PARTS>;
  var mean_along = 0.0; // of c.g
  var mean_slope = 0.0; // of the logit's derivative to sigma, over sigma
  var sum: array<vec4f, PARTS>; // the gradient to x; without E[s^2/v] c where that is one number
  @if(!per_dimension) var kept = 0.0; // E[s^2/v]
  var sigma_kept = 0.0;
  var sigma_sum = 0.0;
  for (var k = 0u; k < arrayLength(&log_weights); k++) {
    let row = k * PARTS * MEMBERS;
    @if(per_component) let variance = variances[k];
    @if(per_component) let inverse = 1 / (variance + noise);
    // Of what the lanes of a team add: distance, along, and with standard deviations per dimension slope and along_kept.
    var parts = vec4f(0);
    @if(per_dimension) var determinant = 0.0;
    for (var p = 0u; p < PARTS; p++) {
      let delta = means[row + quad_of(p)] - x[p];
      // Padding has state, cotangent, mean and variance 0: it adds nothing, or the same to all components.
      @if(!per_dimension) parts.x += dot(delta, delta);
      @if(!per_dimension) parts.y += dot(cotangent[p], delta);
      @if(per_dimension) let inverse = 1 / (variances[row + quad_of(p)] + noise);
      @if(per_dimension) let score = delta * inverse;
      @if(per_dimension) parts.x += dot(delta, score);
      @if(per_dimension) determinant += dot(log(noise * inverse), vec4f(1));
      @if(per_dimension) parts.y += dot(cotangent[p], score);
      @if(per_dimension) parts.w += dot(variances[row + quad_of(p)] * inverse * cotangent[p], score);
      @if(per_dimension) parts.z += dot(score, score) - dot(inverse, vec4f(1));
    }
    let sums = team_sums(parts);
    // Determinants are relative to the noise alone: they stay small. What all components share is left out.
    @if(per_dimension) let along = sums.y;
    @if(!per_dimension) let along = sums.y * inverse;
    @if(per_dimension) let distance = sums.x;
    @if(!per_dimension) let distance = sums.x * inverse;
    @if(per_dimension) let slope = sums.z;
    @if(shared_variance) let slope = distance * inverse;
    @if(per_component) let slope = (distance - f32(DIM)) * inverse;
    var logit = -0.5 * distance;
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);
    @if(per_dimension) logit += 0.5 * team_sum(determinant);
    @if(weighted) logit += log_weights[k];

    if (logit > top) {
      let rescale = exp(top - logit);
      total *= rescale;
      @if(!per_dimension) kept *= rescale;
      sigma_kept *= rescale;
      sigma_sum *= rescale;
      for (var p = 0u; p < PARTS; p++) {
        sum[p] *= rescale;
      }
      top = logit;
    }
    let weight = exp(logit - top);
    let before = total / (total + weight);
    let share = weight / (total + weight);
    total += weight;
    let spread = weight * before * (along - mean_along);
    sigma_sum += spread * (slope - mean_slope);
    mean_along = before * mean_along + share * along;
    mean_slope = before * mean_slope + share * slope;
    @if(!per_dimension) kept += weight * variance * inverse;
    @if(!per_dimension) sigma_kept += weight * variance * inverse * along;
    @if(per_dimension) sigma_kept += weight * sums.w;
    for (var p = 0u; p < PARTS; p++) {
      @if(per_dimension) let inverse = 1 / (variances[row + quad_of(p)] + noise);
      @if(per_dimension) sum[p] += weight * variances[row + quad_of(p)] * inverse * cotangent[p];
      let score = (means[row + quad_of(p)] - x[p]) * inverse;
      sum[p] += noise * spread * (score - mean_score[p]);
      mean_score[p] = before * mean_score[p] + share * score;
    }
  }

  if (index >= operation.trajectories) {
    return;
  }
  let output = operation.output + trajectory * DIM;
  for (var p = 0u; p < PARTS; p++) {
    @if(per_dimension) let gradient = sum[p] / total;
    @if(!per_dimension) let gradient = (kept * cotangent[p] + sum[p]) / total;
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      if (d < DIM) {
        slots[output + d] = gradient[lane];
      }
    }
  }
  if (leads()) {
    store_sigma_gradient(trajectory, sigma * (2 * sigma_kept + noise * sigma_sum) / total);
  }
}
