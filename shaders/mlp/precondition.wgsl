import constants::SIGMA_DATA;

/// EDM's preconditioning (arXiv 2206.00364, table 1): D = skip x + out F(in x, noise).
struct Precondition {
  skip: f32,
  out: f32,
  input: f32,
  noise: f32,
}

fn precondition(sigma: f32) -> Precondition {
  let spread = sigma * sigma + SIGMA_DATA * SIGMA_DATA;
  let root = sqrt(spread);
  return Precondition(SIGMA_DATA * SIGMA_DATA / spread, sigma * SIGMA_DATA / root, 1 / root, 0.25 * log(sigma));
}

/// Its derivative with respect to sigma.
fn precondition_slope(sigma: f32) -> Precondition {
  let spread = sigma * sigma + SIGMA_DATA * SIGMA_DATA;
  let cube = spread * sqrt(spread);
  let data = f32(SIGMA_DATA);
  return Precondition(-2 * sigma * data * data / (spread * spread), data * data * data / cube, -sigma / cube, 0.25 / sigma);
}
