import constants::DIM;

/// What a network reads of an evaluation: figures, then the first numbers of (D - mean) / std.
const FIGURE_QUADS = 2u;
const DIRECTIONS = min(u32(DIM), 64u);
const FEATURE_QUADS = FIGURE_QUADS + (DIRECTIONS + 3) / 4;
/// Squared lengths, in units of what they are compared with, below which a length counts as none: float32 knows no
/// differences of D below.
const SOFTENING = 1e-8;

/// Sums of squares over a state's dimensions, and of products.
struct Distances {
  state: f32, // x - mean
  data: f32, // D - mean
  noise: f32, // x - D
  change: f32, // D - D before
  data_state: f32,
  change_noise: f32,
  change_data: f32,
}

/// How far x, D and the D before are from the mean of the data and from each other, and the angles between those.
/// `spread` is the standard deviation of the data.
fn figures_of(sums: Distances, time: f32, spread: f32, has_previous: bool) -> array<vec4f, FIGURE_QUADS> {
  let square = spread * spread;
  // 4 log |x - mean| / sqrt(dim (t^2 + s^2)), log |D - mean| / s, log |D - D before| / s, log |x - D| / t.
  let state = sums.state / f32(DIM) / (time * time + square);
  let ratios = vec4f(state, sums.data / square, sums.change / square, sums.noise / (time * time));
  let lengths = log(ratios + SOFTENING) * vec4f(2, 0.5, select(0, 0.5, has_previous), 0.5);
  // .3 log |x - D| / s, and cosines.
  let soft = sqrt(vec4f(sums.state, sums.data, sums.noise, sums.change) + SOFTENING * square);
  let angles = vec4f(
    0.15 * log(sums.noise / square + SOFTENING),
    sums.data_state / (soft.y * soft.x),
    sums.change_noise / (soft.w * soft.z),
    sums.change_data / (soft.w * soft.y),
  );
  return array<vec4f, FIGURE_QUADS>(lengths, angles);
}
