import package::field::state::State;
import package::field::team::team_sums;
import package::fused::tangent_asked::asked;
import package::fused::center_state::center_state;
import package::fused::plan::told_time;
import package::fused::state::{ added, chosen, inner, quad_of_state };
import package::tangent::figures::{ Distances, FEATURE_QUADS, FIGURE_QUADS, figures_of };

/// D of the evaluation before.
var<private> before: State;

/// What a tangent network reads of a trajectory in registers: tangent/slot_features.wgsl.
fn features_of(i: u32, n: u32, x: State, denoised: State, trajectory: u32) -> array<vec4f, FEATURE_QUADS> {
  let has_previous = asked[n].previous >= 0;
  let mean = center_state();
  let from_mean = added(x, -1, mean);
  let to_mean = added(denoised, -1, mean);
  let apart = added(x, -1, denoised);
  let moved = chosen(State(), added(denoised, -1, before), has_previous);
  before = denoised;
  let squares = team_sums(
    vec4f(inner(from_mean, from_mean), inner(to_mean, to_mean), inner(apart, apart), inner(moved, moved)),
  );
  let products = team_sums(vec4f(inner(to_mean, from_mean), inner(moved, apart), inner(moved, to_mean), 0));
  let sums = Distances(squares.x, squares.y, squares.z, squares.w, products.x, products.y, products.z);
  let spread = asked[n].spread;
  let figures = figures_of(sums, told_time(i, trajectory), spread, has_previous);
  var features = array<vec4f, FEATURE_QUADS>();
  features[0] = figures[0];
  features[1] = figures[1];
  for (var quad = FIGURE_QUADS; quad < FEATURE_QUADS; quad++) {
    features[quad] = quad_of_state(to_mean, quad - FIGURE_QUADS) / spread;
  }
  return features;
}
