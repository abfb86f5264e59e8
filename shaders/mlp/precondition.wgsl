import constants::SIGMA_DATA;
@if(convention) import package::mlp::convention::{ convention_at, convention_slope };

/// D = skip x + out F(input x, noise): EDM's preconditioning (arXiv 2206.00364, table 1), or a convention's.
struct Precondition {
  skip: f32,
  out: f32,
  input: f32,
  noise: f32,
}

@if(!convention)
fn precondition(sigma: f32) -> Precondition {
  let spread = sigma * sigma + SIGMA_DATA * SIGMA_DATA;
  let root = sqrt(spread);
  return Precondition(SIGMA_DATA * SIGMA_DATA / spread, sigma * SIGMA_DATA / root, 1 / root, 0.25 * log(sigma));
}

/// Its derivative with respect to sigma.
@if(!convention)
fn precondition_slope(sigma: f32) -> Precondition {
  let spread = sigma * sigma + SIGMA_DATA * SIGMA_DATA;
  let cube = spread * sqrt(spread);
  let data = f32(SIGMA_DATA);
  return Precondition(-2 * sigma * data * data / (spread * spread), data * data * data / cube, -sigma / cube, 0.25 / sigma);
}

@if(convention)
fn precondition(sigma: f32) -> Precondition {
  let at = convention_at(sigma);
  return Precondition(at.x, at.y, at.z, at.w);
}

@if(convention)
fn precondition_slope(sigma: f32) -> Precondition {
  let slope = convention_slope(sigma);
  return Precondition(slope.x, slope.y, slope.z, slope.w);
}
