/// Features of an evaluation that any field has come in two parts: figures, then means of (D - mean) / std over POOLS
/// contiguous groups of dimensions, as many as there are where states have no more numbers.
const FIGURES = 8u;
const POOLS = 56u;
/// Keeps logarithms finite where a distance is 0.
const TINY = 1e-12;

/// Sums of squares over a state's dimensions, and `along` of products.
struct Distances {
  state: f32, // x - mean
  denoised: f32, // D - mean
  noise: f32, // x - D
  along: f32, // of the first two
}

/// The figures, the last three of which are 0. `spread` is the standard deviation of the data.
fn figures_of(sums: Distances, dim: u32, time: f32, spread: f32) -> array<vec4f, 2> {
  let first = vec4f(
    2 * log(sums.state / f32(dim) / (time * time + spread * spread) + TINY),
    0.5 * log(sums.denoised / (spread * spread) + TINY),
    0.5 * log(sums.noise / (time * time) + TINY),
    0.15 * log(sums.noise / (spread * spread) + TINY),
  );
  return array<vec4f, 2>(first, vec4f(sums.along / sqrt(sums.state * sums.denoised + TINY), 0, 0, 0));
}

/// The dimensions [x, y) of a pool.
fn pool_of(pool: u32, dim: u32) -> vec2u {
  return select(vec2u(pool, pool + 1) * dim / POOLS, min(vec2u(pool, pool + 1), vec2u(dim)), dim <= POOLS);
}
