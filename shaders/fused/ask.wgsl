@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::state::State;
import package::field::team::{ leads, team_sums };
@if(team) import package::field::team::{ MEMBERS, team_lane };
@if(!tangent) import package::fused::asked::{ fill_columns, hidden_quads, part_of };
@if(tangent) import package::fused::tangent_asked::{ fill_columns, hidden_quads, part_of };
import package::fused::plan::turns;
@if(!tangent) import package::fused::state_features::features_of;
@if(tangent) import package::fused::tangent_features::features_of;

/// Asks the predictor, where turn i does, about the trajectory of this invocation or team, given what the turn combined and D
/// of that, if it evaluates. With `broadcast` in subgroup-uniform control flow alone, with `team` in a workgroup's.
fn ask(i: u32, x: State, denoised: State, trajectory: u32, works: bool) {
  if (turns[i].asks < 0) {
    return;
  }
  let n = u32(turns[i].asks);
  let features = features_of(i, n, x, denoised, trajectory);
  var lane = 0u;
  @if(broadcast) lane = subgroup_lane;
  var first = 0u;
  var quads = hidden_quads(n);
  @if(team) {
    // A team shares out the hidden layer.
    first = quads * team_lane / MEMBERS;
    quads = quads * (team_lane + 1) / MEMBERS - first;
  }
  let sum = team_sums(part_of(n, features, first, quads, lane));
  if (works && leads()) {
    fill_columns(n, sum, trajectory);
  }
  // Then all its lanes read the columns.
  @if(team) storageBarrier();
}
