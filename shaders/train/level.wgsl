import package::rng::noise::normal4;
import package::train::step::operation;

/// (ln sigma, ln weight) at even shares of a process' times.
@if(tabled) @group(0) @binding(7) var<storage, read> levels: array<vec2f>;

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
@if(!edm && !vp && !tabled)
fn level_of(bits: vec2u) -> Level {
  let sigma = exp(mix(operation.level_a, operation.level_b, share_of(bits.x)));
  return Level(sigma, operation.level_c / (sigma * sigma));
}

/// Its VP process: sigma^2 = exp(level_a t^2 / 2 + level_b t) - 1, t from EPSILON to 1. With level_c = 1 the weight
/// is the likelihood's, d sigma^2 / dt / sigma^4.
@if(!edm && vp && !tabled)
fn level_of(bits: vec2u) -> Level {
  const EPSILON = 1e-3;
  let t = mix(EPSILON, 1.0, share_of(bits.x));
  let squared = exp_minus_1(t * (operation.level_a * t / 2 + operation.level_b));
  let slope = (operation.level_a * t + operation.level_b) * (1 + squared);
  return Level(sqrt(squared), select(1 / squared, slope / (squared * squared), operation.level_c == 1));
}

/// Times even over the process of a network's convention, src/train/level-table.ts.
@if(tabled)
fn level_of(bits: vec2u) -> Level {
  let place = share_of(bits.x) * f32(arrayLength(&levels) - 1);
  let low = min(u32(place), arrayLength(&levels) - 2);
  let between = levels[low] + (place - f32(low)) * (levels[low + 1] - levels[low]);
  return Level(exp(between.x), exp(between.y));
}

/// e^x - 1 for x >= 0; near 0, where the difference would cancel, the series up to the fifth power.
@if(!edm && vp && !tabled)
fn exp_minus_1(x: f32) -> f32 {
  return select(exp(x) - 1, x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5)))), x < 0.1);
}

/// In [0, 1), of 24 bits.
@if(!edm)
fn share_of(word: u32) -> f32 {
  return f32(word >> 8) * 0x1p-24;
}
