// The posterior mean of a Gaussian mixture under noise, one trajectory an invocation; components are read once per
// invocation. For DIM from 5 to 128: mixture_small.wgsl is for less, mixture_few.wgsl and mixture_tiled.wgsl for more.
import constants::{ DIM, PARTS };
import package::batch::dispatch::linear_index;
@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::field::posterior::posterior_mean;
@if(broadcast) enable subgroups;

@compute @workgroup_size(64)
fn mixture(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @if(broadcast) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(broadcast) subgroup_lane = lane;
  let index = linear_index(id, groups, 64);
  // Invocations past the end repeat the last trajectory and write nothing: lanes need each other.
  let trajectory = min(index, operation.trajectories - 1);
  let start = operation.state + trajectory * DIM;
  var x: array<vec4f, PARTS>;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = p * 4 + lane;
      x[p][lane] = select(0, slots[start + min(d, DIM - 1)], d < DIM);
    }
  }
  let denoised = posterior_mean(x, sigma_of(trajectory));
  if (index >= operation.trajectories) {
    return;
  }
  let divisor = divisor_of(trajectory);
  let output = operation.output + trajectory * DIM;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = p * 4 + lane;
      if (d < DIM) {
        slots[output + d] = predicted(x[p][lane], denoised[p][lane], divisor);
      }
    }
  }
}
