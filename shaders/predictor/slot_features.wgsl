import package::field::evaluate::number_at;
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
  let figures = figures_of(distances_of(given, 0, 1), given.dim, given.time, given.spread);
  var features = array<vec4f, FEATURE_QUADS>();
  features[0] = figures[0];
  features[1] = figures[1];
  for (var i = 0u; i < POOLS; i++) {
    let at = FIGURES + i;
    features[at / 4][at % 4] = pooled(given, i);
  }
  return features;
}

/// The part of every `stride`-th dimension from `begin` on.
fn distances_of(given: Evaluated, begin: u32, stride: u32) -> Distances {
  var sums = Distances(0, 0, 0, 0);
  for (var d = begin; d < given.dim; d += stride) {
    let x = number_at(given.state + d);
    let denoised = denoised_at(given, d, x);
    let from_mean = x - center[d];
    let to_mean = denoised - center[d];
    sums.state += from_mean * from_mean;
    sums.denoised += to_mean * to_mean;
    sums.noise += (x - denoised) * (x - denoised);
    sums.along += from_mean * to_mean;
  }
  return sums;
}

/// (D - mean) / std over pool i; 0 where that is empty.
fn pooled(given: Evaluated, i: u32) -> f32 {
  let pool = pool_of(i, given.dim);
  var sum = 0.0;
  for (var d = pool.x; d < pool.y; d++) {
    sum += denoised_at(given, d, number_at(given.state + d)) - center[d];
  }
  return select(0, sum / f32(max(pool.y - pool.x, 1)) / given.spread, pool.x < pool.y);
}

fn denoised_at(given: Evaluated, d: u32, x: f32) -> f32 {
  let output = number_at(given.output + d);
  return select(output, x - given.time * output, given.velocity);
}
