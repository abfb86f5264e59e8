@if(broadcast) import package::batch::subgroup::subgroup_lane;
import package::field::state::State;
import package::fused::asked::{ asked, fill_columns };
import package::fused::plan::turns;
@if(reads_state) import package::fused::state_features::state_features;
import package::predictor::answers::bottleneck_part;
import package::predictor::step::FEATURE_QUADS;

/// Asks g_phi, where turn i does, about the trajectory of this invocation, given what the turn combined and D of that,
/// if it evaluates. With `broadcast` in subgroup-uniform control flow alone.
fn ask(i: u32, x: State, denoised: State, trajectory: u32, works: bool) {
  if (turns[i].asks < 0) {
    return;
  }
  let n = u32(turns[i].asks);
  var features = array<vec4f, FEATURE_QUADS>();
  @if(reads_state) if (asked[n].step.blind == 0) {
    features = state_features(x, denoised, asked[n].step.current, asked[n].spread, asked[n].pools);
  }
  var lane = 0u;
  @if(broadcast) lane = subgroup_lane;
  let sum = bottleneck_part(features, 0, 4 * asked[n].step.hidden_quads, lane);
  if (works) {
    fill_columns(n, sum, trajectory);
  }
}
