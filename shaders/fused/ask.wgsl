@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::state::State;
@if(!tangent) import package::fused::asked::{ fill_columns, hidden_quads, part_of };
@if(tangent) import package::fused::tangent_asked::{ fill_columns, hidden_quads, part_of };
import package::fused::plan::turns;
@if(!tangent) import package::fused::state_features::features_of;
@if(tangent) import package::fused::tangent_features::features_of;

/// Asks the predictor, where turn i does, about the trajectory of this invocation, given what the turn combined and D of
/// that, if it evaluates. With `broadcast` in subgroup-uniform control flow alone.
fn ask(i: u32, x: State, denoised: State, trajectory: u32, works: bool) {
  if (turns[i].asks < 0) {
    return;
  }
  let n = u32(turns[i].asks);
  let features = features_of(i, n, x, denoised, trajectory);
  var lane = 0u;
  @if(broadcast) lane = subgroup_lane;
  let sum = part_of(n, features, 0, hidden_quads(n), lane);
  if (works) {
    fill_columns(n, sum, trajectory);
  }
}
