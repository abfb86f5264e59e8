import package::field::evaluate::number_at;
import package::predictor::center::center;
import package::tangent::figures::{ DIRECTIONS, Distances, FEATURE_QUADS, FIGURE_QUADS, figures_of };

/// One trajectory's evaluation in memory.
struct Evaluated {
  state: u32, // in `slots`, in numbers
  output: u32, // D
  previous: u32, // D of the evaluation before
  has_previous: bool,
  dim: u32, // the end of a loop that compilers must not know: lavapipe unrolls what it knows
  time: f32, // what the field was told
  spread: f32, // std of the data
}

/// What a tangent network reads of an evaluation.
fn slot_features(given: Evaluated) -> array<vec4f, FEATURE_QUADS> {
  var sums = Distances();
  var directions = array<vec4f, FEATURE_QUADS>();
  for (var d = 0u; d < given.dim; d++) {
    let x = number_at(given.state + d);
    let denoised = number_at(given.output + d);
    let from_mean = x - center[d];
    let to_mean = denoised - center[d];
    let apart = x - denoised;
    let moved = select(0, denoised - number_at(given.previous + d), given.has_previous);
    sums.state += from_mean * from_mean;
    sums.data += to_mean * to_mean;
    sums.noise += apart * apart;
    sums.change += moved * moved;
    sums.data_state += to_mean * from_mean;
    sums.change_noise += moved * apart;
    sums.change_data += moved * to_mean;
    if (d < DIRECTIONS) {
      directions[FIGURE_QUADS + d / 4][d % 4] = to_mean / given.spread;
    }
  }
  let figures = figures_of(sums, given.time, given.spread, given.has_previous);
  var features = directions;
  features[0] = figures[0];
  features[1] = figures[1];
  return features;
}
