// The vector-Jacobian product of a Gaussian mixture's D for states of up to four numbers, one trajectory an
// invocation, in one sweep. With weights w_k, variances v_k = s_k^2 + sigma^2 and g_k = (mean_k - x) / v_k, which is
// the score of component k,
//   D = x + sigma^2 E[g],   c^T dD/dx = E[s^2/v c] + sigma^2 Cov[c.g, g],
//   c . dD/dsigma = 2 sigma E[s^2/v c.g] + sigma^3 Cov[c.g, |g|^2 - sum 1/v],
// expectations and covariances being over components with the weights w_k. Covariances are gathered about running
// means (Welford 1962): at large sigma all g_k are nearly the same, and sums of products would cancel.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::evaluate::slots;
import package::field::posterior_small::{ log_weights, means, variances };
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };
import package::field::state::State;

@compute @workgroup_size(64)
fn mixture_small_vjp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;
  var x: State;
  var cotangent: State;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[operation.state + trajectory * DIM + d];
    cotangent[d] = slots[operation.cotangent + trajectory * DIM + d];
  }

  @if(shared_variance) let variance = variances[0];
  @if(shared_variance) let inverse = 1 / (variance + noise);
  var top = -3e38;
  var total = 0.0;
  var mean_score: State;
  var mean_along = 0.0; // of c.g
  var mean_slope = 0.0; // of the logit's derivative to sigma, over sigma
  var sum: State; // the gradient to x, over sigma^2 as far as it is a covariance
  var kept: State; // the rest of it
  var sigma_kept = 0.0;
  var sigma_sum = 0.0;
  for (var k = 0u; k < arrayLength(&means); k++) {
    let delta = means[k] - x;
    @if(!shared_variance) let variance = variances[k];
    @if(!shared_variance) let inverse = 1 / (variance + noise);
    let score = delta * inverse;
    let along = dot(cotangent, score);
    // Determinants are relative to the noise alone: they stay small. What all components share is left out.
    var logit = -0.5 * dot(delta, score);
    var slope = dot(score, score);
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);
    @if(per_component) slope -= f32(DIM) * inverse;
    @if(per_dimension) logit += 0.5 * dot(log(noise * inverse), State(1));
    @if(per_dimension) slope -= dot(inverse, State(1));
    @if(weighted) logit += log_weights[k];

    if (logit > top) {
      let rescale = exp(top - logit);
      total *= rescale;
      sum *= rescale;
      kept *= rescale;
      sigma_kept *= rescale;
      sigma_sum *= rescale;
      top = logit;
    }
    let weight = exp(logit - top);
    let before = total / (total + weight);
    let share = weight / (total + weight);
    total += weight;
    let spread = weight * before * (along - mean_along);
    sum += spread * (score - mean_score);
    sigma_sum += spread * (slope - mean_slope);
    // Not mean + share * difference: a far component met first must leave nothing behind.
    mean_score = before * mean_score + share * score;
    mean_along = before * mean_along + share * along;
    mean_slope = before * mean_slope + share * slope;
    let part = variance * inverse;
    kept += weight * part * cotangent;
    @if(per_dimension) sigma_kept += weight * dot(part * cotangent, score);
    @if(!per_dimension) sigma_kept += weight * part * along;
  }

  let gradient = (kept + noise * sum) / total;
  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + trajectory * DIM + d] = gradient[d];
  }
  store_sigma_gradient(trajectory, sigma * (2 * sigma_kept + noise * sigma_sum) / total);
}
