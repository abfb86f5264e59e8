import package::math::sine::{ TURN, sine };

/// Turns per unit of c_noise; as many vec4 as there are of cosines. Behind them may lie a convention's table.
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
