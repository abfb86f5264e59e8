import package::field::evaluate::slots;
import package::predictor::center::center;
import package::predictor::figures::{ Distances, FIGURES, figures_of, pool_of, POOLS };
import package::predictor::step::FEATURE_QUADS;

/// One trajectory's evaluation in memory.
struct Evaluated {
  state: u32, // in `slots`, in numbers
  output: u32,
  velocity: bool, // whether that is the velocity (x - D) / time
  dim: u32,
  time: f32,
  spread: f32, // of the data
}

/// Features of an evaluation that any field has, from x and D alone, in units of the data: how far x and D are from the
/// mean of the data, how far from each other, in which directions, and (D - mean) / std, pooled where states have more
/// than 56 numbers.
fn slot_features(given: Evaluated) -> array<vec4f, FEATURE_QUADS> {
  var sums = Distances(0, 0, 0, 0);
  for (var d = 0u; d < given.dim; d++) {
    let x = slots[given.state + d];
    let denoised = denoised_at(given, d, x);
    let from_mean = x - center[d];
    let to_mean = denoised - center[d];
    sums.state += from_mean * from_mean;
    sums.denoised += to_mean * to_mean;
    sums.noise += (x - denoised) * (x - denoised);
    sums.along += from_mean * to_mean;
  }
  let figures = figures_of(sums, given.dim, given.time, given.spread);
  var features = array<vec4f, FEATURE_QUADS>();
  features[0] = figures[0];
  features[1] = figures[1];
  for (var i = 0u; i < POOLS; i++) {
    let pool = pool_of(i, given.dim);
    var sum = 0.0;
    for (var d = pool.x; d < pool.y; d++) {
      sum += denoised_at(given, d, slots[given.state + d]) - center[d];
    }
    let at = FIGURES + i;
    features[at / 4][at % 4] = select(0, sum / f32(max(pool.y - pool.x, 1)) / given.spread, pool.x < pool.y);
  }
  return features;
}

fn denoised_at(given: Evaluated, d: u32, x: f32) -> f32 {
  let output = slots[given.output + d];
  return select(output, x - given.time * output, given.velocity);
}
