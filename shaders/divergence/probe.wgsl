// Fills a slot with a Rademacher vector, -1 or 1 with equal probability, keyed by (seed, trajectory, probe, stream): a
// trajectory has the same one whatever the batch, along its whole path. One invocation draws 128 numbers from one word
// of the generator.
import package::batch::dispatch::linear_index;
import package::rng::threefry::threefry4x32;

struct Probe {
  vector: u32, // slot, in numbers
  dim: u32,
  trajectories: u32,
  first_trajectory: u32, // of this chunk within the batch
  seed_low: u32,
  seed_high: u32,
  probe: u32,
  stream: u32,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Probe;
@group(0) @binding(4) var<storage, read> places: array<u32>; // which of the chunk's trajectories each row is

@compute @workgroup_size(64)
fn probe(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let parts = (operation.dim + 127) / 128;
  let row = index / parts;
  if (row >= operation.trajectories) {
    return;
  }
  let part = index % parts;
  let key = vec4u(operation.seed_low, operation.seed_high, 0, 0);
  let trajectory = operation.first_trajectory + places[row];
  let counter = vec4u(trajectory, part, operation.probe, operation.stream);
  let bits = threefry4x32(key, counter);
  let start = operation.vector + row * operation.dim + 128 * part;
  for (var n = 0u; n < min(128, operation.dim - 128 * part); n++) {
    let bit = extractBits(bits[n / 32], n % 32, 1);
    slots[start + n] = 2 * f32(bit) - 1;
  }
}
