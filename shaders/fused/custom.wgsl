// Whole trajectories of a user's own denoiser in one dispatch, one an invocation; see shaders/field/custom.wgsl.
import constants::DIM;
import package::batch::dispatch::linear_index;
import package::field::state::State;
import package::fused::plan::{ answer, begin, combined, evaluates, finish, run, told_time };
import package::user::denoise;

@compute @workgroup_size(64)
fn custom(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= run.trajectories) {
    return;
  }
  begin(trajectory);
  var i = 0u;
  loop {
    let x = combined(i, trajectory, true);
    if (evaluates(i)) {
      answer(i, x, denoised(x, told_time(i, trajectory)), trajectory);
    }
    continuing {
      i++;
      break if i >= run.turns;
    }
  }
  finish(trajectory, true);
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
