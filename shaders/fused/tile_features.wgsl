import constants::DIM;
import package::fused::asked::asked;
import package::fused::plan::turns;
@if(reads_hidden) import package::mlp::pool::features;
@if(reads_state) import package::predictor::slot_features::{ Evaluated, slot_features };
import package::predictor::step::FEATURE_QUADS;

/// What g_phi reads of a trajectory of a tile; `state` and `answer` are where places of turn i start.
fn features_of(i: u32, n: u32, trajectory: u32, state: u32, answer: u32) -> array<vec4f, FEATURE_QUADS> {
  var given = array<vec4f, FEATURE_QUADS>();
  @if(reads_hidden) if (asked[n].step.blind == 0) {
    for (var quad = 0u; quad < FEATURE_QUADS; quad++) {
      let at = 4 * (trajectory * FEATURE_QUADS + quad);
      given[quad] = vec4f(features[at], features[at + 1], features[at + 2], features[at + 3]);
    }
  }
  @if(reads_state) if (asked[n].step.blind == 0) {
    let row = trajectory * DIM;
    let velocity = turns[i].velocity > 0;
    given = slot_features(Evaluated(state + row, answer + row, velocity, DIM, asked[n].step.current, asked[n].spread));
  }
  return given;
}
