// The posterior mean of a Gaussian mixture under noise, one trajectory an invocation, or a team of them (team.wgsl);
// components are read once per invocation. For DIM from 5 to 128: mixture_small.wgsl is for less, mixture_few.wgsl and
// mixture_tiled.wgsl for more.
import constants::{ DIM, PARTS };
@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::field::posterior::posterior_mean;
import package::field::team::{ Invocation, quad_of, trajectory_of };
@if(broadcast || team) enable subgroups;

@compute @workgroup_size(64)
fn mixture(at: Invocation) {
  @if(broadcast) subgroup_lane = at.lane;
  let index = trajectory_of(at);
  // Invocations past the end repeat the last trajectory and write nothing: lanes need each other.
  let trajectory = min(index, operation.trajectories - 1);
  let start = operation.state + trajectory * DIM;
  var x: array<vec4f, PARTS>;
  for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
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
      let d = quad_of(p) * 4 + lane;
      if (d < DIM) {
        slots[output + d] = predicted(x[p][lane], denoised[p][lane], divisor);
      }
    }
  }
}
