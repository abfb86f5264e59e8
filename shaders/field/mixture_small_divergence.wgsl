// The drift x - D of a Gaussian mixture for states of up to four numbers and its divergence, one trajectory an
// invocation, in one sweep. With weights w_k, variances v_k = s_k^2 + sigma^2 and g_k = (mean_k - x) / v_k, the score
// of component k,
//   x - D = -sigma^2 E[g],   div (x - D) = E[sum sigma^2/v] - sigma^2 tr Cov[g],
// expectations and the covariance being over components with the weights w_k. Nothing of it is a difference of
// numbers that are nearly the same: at small sigma neither x - D nor what tr dD/dx leaves of DIM would be known from D.
// The covariance is gathered about running means, as in mixture_small_vjp.wgsl.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::diverge::{ operation, sigma_of, store_divergence };
import package::field::evaluate::slots;
import package::field::posterior_small::{ log_weights, means, variances };
import package::field::state::State;

@compute @workgroup_size(64)
fn mixture_small_divergence(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let sigma = sigma_of(trajectory);
  let noise = sigma * sigma;
  var x: State;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[operation.state + trajectory * DIM + d];
  }

  @if(shared_variance) let inverse = 1 / (variances[0] + noise);
  var top = -3e38;
  var total = 0.0;
  var mean_score: State;
  var covariance = 0.0; // its trace
  var narrow = 0.0; // sum 1/v
  for (var k = 0u; k < arrayLength(&means); k++) {
    let delta = means[k] - x;
    @if(!shared_variance) let inverse = 1 / (variances[k] + noise);
    let score = delta * inverse;
    // Determinants are relative to the noise alone: they stay small. What all components share is left out.
    var logit = -0.5 * dot(delta, score);
    @if(per_component) logit += 0.5 * f32(DIM) * log(noise * inverse);
    @if(per_dimension) logit += 0.5 * dot(log(noise * inverse), State(1));
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
    let apart = score - mean_score;
    covariance += weight * before * dot(apart, apart);
    // Not mean + share * difference: a far component met first must leave nothing behind.
    mean_score = before * mean_score + share * score;
    @if(per_dimension) for (var d = 0u; d < DIM; d++) {
      narrow += weight * inverse[d];
    }
    @if(!per_dimension) narrow += weight * f32(DIM) * inverse;
  }

  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + trajectory * DIM + d] = -noise * mean_score[d];
  }
  store_divergence(trajectory, noise * (narrow - covariance) / total);
}
