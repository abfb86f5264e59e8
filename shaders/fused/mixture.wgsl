// Whole trajectories of a Gaussian mixture in one dispatch, one an invocation, or one a team of them (field/team.wgsl):
// state and history stay in registers.
// Of memory it reads DIM numbers a trajectory, and the components once an evaluation; it writes what is wanted.
import package::batch::dispatch::linear_index;
@if(broadcast) import package::batch::subgroup::subgroup_lane;
@if(small) import package::field::posterior_small::posterior_mean;
@if(team) import package::field::team::join_team;
@if(!small) import package::field::posterior::posterior_mean;
@if(predicted) import package::fused::ask::ask;
import package::fused::plan::{ evaluates, run, told_time };
import package::fused::registers::{ answer, begin, combined, finish };
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
  let works = index < run.trajectories;
  let trajectory = min(index, run.trajectories - 1);
  begin(trajectory);
  var i = 0u;
  loop {
    let x = combined(i, trajectory, works);
    @if(predicted) var denoised = x;
    if (evaluates(i)) {
      @if(!predicted) let denoised = posterior_mean(x, told_time(i, trajectory));
      @if(predicted) denoised = posterior_mean(x, told_time(i, trajectory));
      answer(i, x, denoised, trajectory);
    }
    @if(predicted) ask(i, x, denoised, trajectory, works);
    continuing {
      i++;
      break if i >= run.turns;
    }
  }
  finish(trajectory, works);
}
