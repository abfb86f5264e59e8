const TURN = 6.283185307179586;

/// Turns per unit of c_noise; as many vec4 as there are of cosines.
@group(0) @binding(6) var<storage, read> frequencies: array<vec4f>;

/// Four cosines and four sines of the time embedding.
struct Waves {
  cosines: vec4f,
  sines: vec4f,
}

fn waves(quad: u32, noise: f32) -> Waves {
  let turns = frequencies[quad] * noise;
  return Waves(sine(turns + 0.25), sine(turns));
}

/// Their derivative with respect to c_noise.
fn waves_slope(quad: u32, noise: f32) -> Waves {
  let at = waves(quad, noise);
  let speed = TURN * frequencies[quad];
  return Waves(-speed * at.sines, speed * at.cosines);
}

/// sin(2 pi turns) to float32's accuracy, which WGSL's own need not have (2^-11, and only between -pi and pi):
/// the Taylor series up to the 11th power, within a quarter turn of 0.
fn sine(turns: vec4f) -> vec4f {
  let rest = turns - round(turns);
  let near = select(rest, sign(rest) * 0.5 - rest, abs(rest) > vec4f(0.25));
  let x = TURN * near;
  let y = x * x;
  return x * (1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110)))));
}
