import package::math::sine::sine;
import package::rng::threefry::threefry4x32;

/// Which of all random numbers: those of a seed and a stream, in one step of a run, for trajectories counted from
/// `first_trajectory` of the whole batch on. So a trajectory gets the same noise whatever the batch size, chunk or order.
struct Draw {
  first_trajectory: u32,
  seed_low: u32,
  seed_high: u32,
  step: u32,
  stream: u32,
}

/// Four standard normals of a trajectory of this chunk: its numbers [4 quad, 4 quad + 4).
fn noise4(draw: Draw, trajectory: u32, quad: u32) -> vec4f {
  let key = vec4u(draw.seed_low, draw.seed_high, 0, 0);
  return normal4(threefry4x32(key, vec4u(draw.first_trajectory + trajectory, quad, draw.step, draw.stream)));
}

const ULP = 5.9604644775390625e-8; // 2^-24

/// Four standard normals from four random words, by Box and Muller. The radius' uniform has 24 bits and lies in
/// (0, 1], so the largest normal is 5.8.
fn normal4(bits: vec4u) -> vec4f {
  // The logarithm of a number just below 1 may come out positive.
  let radius = sqrt(max(vec2f(0), -2 * log((vec2f(bits.xz >> vec2u(8)) + 1) * ULP)));
  // The angle in turns, from -1/2 to 1/2, which float32 holds without rounding. WGSL's own sine and cosine may err by
  // 2^-11, and do on SwiftShader.
  let turns = vec2f(bits.yw >> vec2u(8)) * ULP - 0.5;
  let waves = sine(vec4f(turns + 0.25, turns));
  return vec4f(radius.x * waves.x, radius.x * waves.z, radius.y * waves.y, radius.y * waves.w);
}
