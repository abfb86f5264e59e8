// The posterior mean of a Gaussian mixture under noise, as mixture.wgsl, for states of up to four numbers.
import constants::DIM;
import package::batch::dispatch::linear_index;
@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::field::posterior_small::posterior_mean;
import package::field::state::State;
@if(broadcast) enable subgroups;

@compute @workgroup_size(64)
fn mixture_small(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @if(broadcast) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(broadcast) subgroup_lane = lane;
  let index = linear_index(id, groups, 64);
  // Invocations past the end repeat the last trajectory and write nothing: lanes need each other.
  let trajectory = min(index, operation.trajectories - 1);
  var x: State;
  for (var d = 0u; d < DIM; d++) {
    x[d] = slots[operation.state + trajectory * DIM + d];
  }
  let denoised = posterior_mean(x, sigma_of(trajectory));
  if (index >= operation.trajectories) {
    return;
  }
  let divisor = divisor_of(trajectory);
  for (var d = 0u; d < DIM; d++) {
    slots[operation.output + trajectory * DIM + d] = predicted(x[d], denoised[d], divisor);
  }
}
