import constants::DIM;
@if(!small) import constants::PARTS;
import package::field::state::State;
@if(!small) import package::field::team::quad_of;
import package::predictor::center::center;

/// The mean of the data as a state.
fn center_state() -> State {
  var state = State();
  @if(small) for (var d = 0u; d < DIM; d++) {
    state[d] = center[d];
  }
  @if(!small) for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      state[p][lane] = select(0, center[min(d, DIM - 1)], d < DIM);
    }
  }
  return state;
}
