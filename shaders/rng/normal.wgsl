// Fills a slot with scale * N(0, 1), keyed by (seed, trajectory, step, stream): a trajectory gets the same noise
// whatever the batch size, chunk or order. One invocation draws four numbers of one trajectory.
import package::batch::dispatch::linear_index;
import package::rng::threefry::threefry4x32;

struct Normal {
  output: u32, // slot, in numbers
  dim: u32,
  trajectories: u32,
  first_trajectory: u32, // of this chunk within the batch
  seed_low: u32,
  seed_high: u32,
  step: u32,
  stream: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Normal;

@compute @workgroup_size(64)
fn normal(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let quads = (operation.dim + 3) / 4;
  let trajectory = index / quads;
  if (trajectory >= operation.trajectories) {
    return;
  }
  let quad = index % quads;
  let key = vec4u(operation.seed_low, operation.seed_high, 0, 0);
  let counter = vec4u(operation.first_trajectory + trajectory, quad, operation.step, operation.stream);
  let draw = normal4(threefry4x32(key, counter)) * operation.scale;
  let start = operation.output + trajectory * operation.dim;
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    slots[start + 4 * quad + lane] = draw[lane];
  }
}

const ULP = 5.9604644775390625e-8; // 2^-24

/// Four standard normals from four random words, by Box and Muller. The radius' uniform has 24 bits and lies in
/// (0, 1], so the largest normal is 5.8.
fn normal4(bits: vec4u) -> vec4f {
  // The logarithm of a number just below 1 may come out positive.
  let radius = sqrt(max(vec2f(0), -2 * log((vec2f(bits.xz >> vec2u(8)) + 1) * ULP)));
  // In [-pi, pi), where WGSL bounds the error of sine and cosine.
  let angle = vec2f(bits.yw >> vec2u(8)) * (ULP * 6.283185307179586) - 3.141592653589793;
  return vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
}
