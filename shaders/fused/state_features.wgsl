import constants::DIM;
@if(!small) import constants::PARTS;
import package::field::state::State;
import package::fused::state::{ added, inner };
import package::predictor::figures::{ Distances, FIGURES, figures_of, pool_of, POOLS };
import package::predictor::slot_features::center;
import package::predictor::step::FEATURE_QUADS;

/// predictor/slot_features.wgsl of an evaluation in registers. `pools` is POOLS: the end of a loop that compilers must
/// not know.
fn state_features(x: State, denoised: State, time: f32, spread: f32, pools: u32) -> array<vec4f, FEATURE_QUADS> {
  let mean = center_state();
  let from_mean = added(x, -1, mean);
  let to_mean = added(denoised, -1, mean);
  let apart = added(x, -1, denoised);
  let sums = Distances(inner(from_mean, from_mean), inner(to_mean, to_mean), inner(apart, apart), inner(from_mean, to_mean));
  let figures = figures_of(sums, DIM, time, spread);
  var features = array<vec4f, FEATURE_QUADS>();
  features[0] = figures[0];
  features[1] = figures[1];
  @if(dim1 || dim2) features[2] = vec4f(to_mean, 0, 0) / spread;
  @if(dim3) features[2] = vec4f(to_mean, 0) / spread;
  @if(dim4) features[2] = to_mean / spread;
  @if(!small && !pooled) for (var p = 0u; p < PARTS; p++) {
    features[FIGURES / 4 + p] = to_mean[p] / spread;
  }
  @if(!small && pooled) {
    // Both arrays are memory from here on; next to g_phi's 8,700 multiply-adds that is little.
    var numbers = to_mean;
    for (var i = 0u; i < pools; i++) {
      let pool = pool_of(i, DIM);
      var sum = 0.0;
      for (var d = pool.x; d < pool.y; d++) {
        sum += numbers[d / 4][d % 4];
      }
      let at = FIGURES + i;
      features[at / 4][at % 4] = sum / f32(pool.y - pool.x) / spread;
    }
  }
  return features;
}

fn center_state() -> State {
  var state = State();
  @if(small) for (var d = 0u; d < DIM; d++) {
    state[d] = center[d];
  }
  @if(!small) for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = p * 4 + lane;
      state[p][lane] = select(0, center[min(d, DIM - 1)], d < DIM);
    }
  }
  return state;
}
