// Fills a slot with scale * N(0, 1). One invocation draws four numbers of one trajectory.
import package::batch::dispatch::linear_index;
import package::rng::noise::{ Draw, noise4 };

struct Normal {
  output: u32, // slot, in numbers
  dim: u32,
  trajectories: u32,
  scale: f32,
  @align(16) draw: Draw,
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
  let noise = noise4(operation.draw, trajectory, quad) * operation.scale;
  let start = operation.output + trajectory * operation.dim;
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    slots[start + 4 * quad + lane] = noise[lane];
  }
}
