// Whole trajectories of a user's own denoiser in one dispatch, one an invocation; see shaders/field/custom.wgsl.
import constants::DIM;
import package::batch::dispatch::linear_index;
@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::state::State;
@if(predicted) import package::fused::ask::ask;
import package::fused::plan::{ evaluates, run, told_time };
import package::fused::registers::{ answer, begin, combined, finish };
import package::user::denoise;
@if(broadcast) enable subgroups;

@compute @workgroup_size(64)
fn custom(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @if(broadcast) @builtin(subgroup_invocation_id) lane: u32,
) {
  @if(broadcast) subgroup_lane = lane;
  let index = linear_index(id, groups, 64);
  // Invocations past the end repeat the last trajectory and write nothing: a predictor's lanes need each other.
  let works = index < run.trajectories;
  let trajectory = min(index, run.trajectories - 1);
  begin(trajectory);
  var i = 0u;
  loop {
    let x = combined(i, trajectory, works);
    @if(predicted) var given = x;
    if (evaluates(i)) {
      @if(!predicted) let given = denoised(x, told_time(i, trajectory));
      @if(predicted) given = denoised(x, told_time(i, trajectory));
      answer(i, x, given, trajectory);
    }
    @if(predicted) ask(i, x, given, trajectory, works);
    continuing {
      i++;
      break if i >= run.turns;
    }
  }
  finish(trajectory, works);
}

fn denoised(x: State, sigma: f32) -> State {
  var numbers: array<f32, DIM>;
  var state = x;
  for (var d = 0u; d < DIM; d++) {
    @if(small) numbers[d] = state[d];
    @if(!small) numbers[d] = state[d / 4][d % 4];
  }
  let given = denoise(numbers, sigma);
  for (var d = 0u; d < DIM; d++) {
    @if(small) state[d] = given[d];
    @if(!small) state[d / 4][d % 4] = given[d];
  }
  return state;
}
