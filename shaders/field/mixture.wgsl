// The posterior mean of a Gaussian mixture under noise, one trajectory an invocation, or a team of them (team.wgsl);
// components are read once per invocation. For DIM from 5 to 128: mixture_small.wgsl is for less, mixture_few.wgsl and mixture_tiled.wgsl for more.
import constants::{ DIM, PARTS };
import package::batch::dispatch::linear_index;
@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::field::posterior::posterior_mean;
import package::field::team::quad_of;
@if(team) import package::field::team::join_team;
@if(broadcast || team) enable subgroups;

@compute @workgroup_size(64)
fn mixture(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @if(broadcast || team) @builtin(subgroup_invocation_id) lane: u32,
  @if(team) @builtin(subgroup_size) size: u32,
  @if(team) @builtin(local_invocation_index) local: u32,
) {
  @if(broadcast) subgroup_lane = lane;
  @if(!team) let index = linear_index(id, groups, 64);
  @if(team) let index = join_team(linear_index(id, groups, 64) - local, lane, size);
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
