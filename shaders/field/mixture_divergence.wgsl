// The drift x - D of a Gaussian mixture and its divergence for DIM from 5 to 128: formulas and reasons in
// mixture_small_divergence.wgsl, arrays of vec4 in registers as in mixture.wgsl. 9 DIM operations per component
// (11 DIM with standard deviations per dimension) and one exponential.
import constants::{ DIM, PARTS };
import package::field::diverge::{ operation, sigma_of, store_divergence };
import package::field::evaluate::slots;
import package::field::posterior::{ log_weights, means, variances };
import package::field::team::{ Invocation, leads, MEMBERS, quad_of, team_sum, trajectory_of };
@if(team) enable subgroups;

@compute @workgroup_size(64)
fn mixture_divergence(at: Invocation) {
  let index = trajectory_of(at);
  // Invocations past the end repeat the last trajectory and write nothing: lanes of a team need each other.
  let trajectory = min(index, operation.trajectories - 1);
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;
  let start = operation.state + trajectory * DIM;
  var x: array<vec4f, PARTS>;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      x[p][lane] = select(0, slots[start + min(d, DIM - 1)], d < DIM);
    }
  }

  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  var top = -3e38;
  var total = 0.0;
  var mean_score: array<vec4f, PARTS>;
  var covariance = 0.0; // its trace
  var narrow = 0.0; // sum 1/v
  for (var k = 0u; k < arrayLength(&log_weights); k++) {
    let row = k * PARTS * MEMBERS;
    @if(per_component) let inverse = 1 / (variances[k] + noise);
    @if(per_dimension) var own = 0.0;
    var logit = 0.0;
    for (var p = 0u; p < PARTS; p++) {
      let delta = means[row + quad_of(p)] - x[p];
      // Padding has state, mean and variance 0: it adds nothing, or the same to all components.
      @if(!per_dimension) logit -= dot(delta, delta);
      @if(per_dimension) let inverse = 1 / (variances[row + quad_of(p)] + noise);
      @if(per_dimension) logit += dot(log(noise * inverse), vec4f(1)) - dot(delta, delta * inverse);
      @if(per_dimension) own += dot(inverse, vec4f(1));
    }
    logit = team_sum(logit);
    // Determinants are relative to the noise alone: they stay small. What all components share is left out.
    @if(!per_dimension) logit *= inverse;
    @if(per_component) logit += f32(DIM) * log(noise * inverse);
    logit *= 0.5;
    @if(weighted) logit += log_weights[k];

    if (logit > top) {
      let rescale = exp(top - logit);
      total *= rescale;
      covariance *= rescale;
      narrow *= rescale;
      top = logit;
    }
    let weight = exp(logit - top);
    let before = total / (total + weight);
    let share = weight / (total + weight);
    total += weight;
    @if(per_dimension) narrow += weight * own;
    @if(!per_dimension) narrow += weight * f32(DIM) * inverse;
    var distance = 0.0;
    for (var p = 0u; p < PARTS; p++) {
      @if(per_dimension) let inverse = 1 / (variances[row + quad_of(p)] + noise);
      let score = (means[row + quad_of(p)] - x[p]) * inverse;
      let apart = score - mean_score[p];
      distance += dot(apart, apart);
      mean_score[p] = before * mean_score[p] + share * score;
    }
    covariance += weight * before * distance;
  }

  covariance = team_sum(covariance);
  @if(per_dimension) narrow = team_sum(narrow);
  if (index >= operation.trajectories) {
    return;
  }
  let output = operation.output + trajectory * DIM;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      if (d < DIM) {
        slots[output + d] = -noise * mean_score[p][lane];
      }
    }
  }
  var divergence = noise * (narrow - covariance) / total;
  @if(per_dimension) divergence -= f32(4 * PARTS * MEMBERS - DIM); // what padding added: its variance is the noise
  if (leads()) {
    store_divergence(trajectory, divergence);
  }
}
