// The posterior mean of a Gaussian mixture under noise, for DIM from 5 to 128: mixture_small.wgsl is for less,
// mixture_few.wgsl and mixture_tiled.wgsl for more. One trajectory an invocation, or a team of them (team.wgsl): the state and
// the sum stay in registers, and components are read once per invocation, or with `broadcast` once per eight of them.
// What limits it on lavapipe is the sweep over the components (posterior.wgsl), not memory, on hardware how many registers a
// state takes. With lanes that tell each other what they load whole trajectories took 34 ms of processor time in place of 130
// (lavapipe, 64-D, 10 components, batch 16,384, NFE 10, a prototype). Teams have run on no GPU yet; as compiled for RDNA 3 a
// lane by itself takes 192 registers in 64-D, and in 128-D all 256 and 28 in memory, a lane of a team 84 in both.
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
