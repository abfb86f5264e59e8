// Whole trajectories of a Gaussian mixture in one dispatch, one an invocation, or one a team of them (field/team.wgsl):
// state and history stay in registers.
// Of memory it reads DIM numbers a trajectory, and the components once an evaluation; it writes what is wanted. So memory
// does not limit it: on lavapipe the sweep over components takes 34 of 49 ms of processor time, choosing among places 7; on
// an H100 the table of turns and the places do, and 16,384 trajectories do not fill it (fused/plan.wgsl has the figures).
// 64-D, 10 components, batch 16,384, NFE 10, wall time: 26.3 ms where stepwise takes 42.3 (lavapipe), 0.140 where it took
// 0.407 (an H100, before teams). Compiled for RDNA 3, `euler` in 64-D keeps 459 registers of one lane in memory, and none
// of a team's.
@if(broadcast) import package::batch::subgroup::subgroup_lane;
@if(small) import package::field::posterior_small::posterior_mean;
import package::field::team::{ Invocation, trajectory_of };
@if(!small) import package::field::posterior::posterior_mean;
@if(predicted) import package::fused::ask::ask;
import package::fused::plan::{ evaluates, run, told_time };
import package::fused::registers::{ answer, begin, combined, finish };
@if(broadcast || team) enable subgroups;

@compute @workgroup_size(64)
fn mixture(at: Invocation) {
  @if(broadcast) subgroup_lane = at.lane;
  let index = trajectory_of(at);
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
