import package::rng::normal::normal4;
import package::train::step::operation;

/// A noise level, and the weight of |D - y|^2 there.
struct Level {
  sigma: f32,
  weight: f32,
}

/// EDM (arXiv 2206.00364, table 1): ln sigma ~ N(level_a, level_b^2), and the weight that undoes c_out^2 for data
/// of standard deviation level_c.
@if(edm)
fn level_of(bits: vec2u) -> Level {
  let sigma = exp(operation.level_a + operation.level_b * normal4(vec4u(bits, bits)).x);
  let data = operation.level_c;
  return Level(sigma, 1 / (sigma * sigma) + 1 / (data * data));
}

/// Score-SDE's VE process (arXiv 2011.13456): ln sigma runs evenly from level_a to level_b; |score sigma + z|^2 is
/// |D - y|^2 / sigma^2, times level_c.
@if(!edm)
fn level_of(bits: vec2u) -> Level {
  let share = f32(bits.x >> 8) * 0x1p-24;
  let sigma = exp(mix(operation.level_a, operation.level_b, share));
  return Level(sigma, operation.level_c / (sigma * sigma));
}
