// Features of an evaluation that any field has, from x and D alone, in units of the data: how far x and D are from the
// mean of the data, how far from each other, in which directions, and (D - mean) / std, pooled where states have more
// than 56 numbers. One trajectory an invocation.
import package::batch::dispatch::linear_index;

struct StateFeatures {
  state: u32, // slots, in numbers
  output: u32, // of the evaluation
  velocity: u32, // whether that is the velocity (x - D) / time
  dim: u32,
  trajectories: u32,
  time: f32,
  spread: f32, // of the data
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: StateFeatures;
@group(0) @binding(4) var<storage, read_write> features: array<f32>; // [trajectories, FEATURES]
@group(0) @binding(5) var<storage, read> center: array<f32>; // [dim], the mean of the data

const FEATURES = 64u;
const FIGURES = 8u;
/// Keeps logarithms finite where a distance is 0.
const TINY = 1e-12;

@compute @workgroup_size(64)
fn state_features(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let dim = operation.dim;
  let row = trajectory * dim;
  var state_square = 0.0;
  var denoised_square = 0.0;
  var noise_square = 0.0;
  var along = 0.0;
  for (var d = 0u; d < dim; d++) {
    let x = slots[operation.state + row + d];
    let denoised = denoised_at(row + d, x);
    let from_mean = x - center[d];
    let to_mean = denoised - center[d];
    state_square += from_mean * from_mean;
    denoised_square += to_mean * to_mean;
    noise_square += (x - denoised) * (x - denoised);
    along += from_mean * to_mean;
  }
  let time = operation.time;
  let spread = operation.spread;
  let start = trajectory * FEATURES;
  features[start] = 2 * log(state_square / f32(dim) / (time * time + spread * spread) + TINY);
  features[start + 1] = 0.5 * log(denoised_square / (spread * spread) + TINY);
  features[start + 2] = 0.5 * log(noise_square / (time * time) + TINY);
  features[start + 3] = 0.15 * log(noise_square / (spread * spread) + TINY);
  features[start + 4] = along / sqrt(state_square * denoised_square + TINY);
  for (var i = 5u; i < FIGURES; i++) {
    features[start + i] = 0;
  }
  const POOLS = FEATURES - FIGURES;
  for (var i = 0u; i < POOLS; i++) {
    let begin = select(i * dim / POOLS, i, dim <= POOLS);
    let end = select((i + 1) * dim / POOLS, min(i + 1, dim), dim <= POOLS);
    var sum = 0.0;
    for (var d = begin; d < end; d++) {
      sum += denoised_at(row + d, slots[operation.state + row + d]) - center[d];
    }
    features[start + FIGURES + i] = select(0, sum / f32(max(end - begin, 1)) / spread, begin < end);
  }
}

fn denoised_at(i: u32, x: f32) -> f32 {
  let output = slots[operation.output + i];
  return select(output, x - operation.time * output, operation.velocity != 0);
}
