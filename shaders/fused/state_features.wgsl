import constants::DIM;
import package::field::state::State;
import package::field::team::team_sums;
@if(team && pooled) import constants::PARTS;
@if(team && pooled) import package::field::team::{ quad_of, team_sum };
import package::fused::asked::asked;
import package::fused::center_state::center_state;
import package::fused::state::{ added, inner, quad_of_state };
import package::predictor::figures::{ Distances, FIGURES, figures_of, pool_of };
import package::predictor::step::FEATURE_QUADS;

/// What g_phi reads of a trajectory in registers.
fn features_of(i: u32, n: u32, x: State, denoised: State, trajectory: u32) -> array<vec4f, FEATURE_QUADS> {
  var features = array<vec4f, FEATURE_QUADS>();
  @if(reads_state) if (asked[n].step.blind == 0) {
    features = state_features(x, denoised, asked[n].step.current, asked[n].spread, asked[n].pools);
  }
  return features;
}

/// predictor/slot_features.wgsl of an evaluation in registers. `pools` is POOLS: the end of a loop that compilers must
/// not know.
fn state_features(x: State, denoised: State, time: f32, spread: f32, pools: u32) -> array<vec4f, FEATURE_QUADS> {
  let mean = center_state();
  let from_mean = added(x, -1, mean);
  let to_mean = added(denoised, -1, mean);
  let apart = added(x, -1, denoised);
  let sums = team_sums(
    vec4f(inner(from_mean, from_mean), inner(to_mean, to_mean), inner(apart, apart), inner(from_mean, to_mean)),
  );
  let figures = figures_of(Distances(sums.x, sums.y, sums.z, sums.w), DIM, time, spread);
  var features = array<vec4f, FEATURE_QUADS>();
  features[0] = figures[0];
  features[1] = figures[1];
  @if(!pooled) for (var quad = 0u; quad < (u32(DIM) + 3) / 4; quad++) {
    features[FIGURES / 4 + quad] = quad_of_state(to_mean, quad) / spread;
  }
  @if(team && pooled) for (var i = 0u; i < pools; i++) {
    let pool = pool_of(i, DIM);
    var sum = vec4f(0);
    for (var p = 0u; p < PARTS; p++) {
      let d = vec4u(0, 1, 2, 3) + 4 * quad_of(p);
      sum += select(vec4f(0), to_mean[p], (d >= vec4u(pool.x)) & (d < vec4u(pool.y)));
    }
    let at = FIGURES + i;
    features[at / 4][at % 4] = team_sum(dot(sum, vec4f(1))) / f32(pool.y - pool.x) / spread;
  }
  @if(!team && pooled) {
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
