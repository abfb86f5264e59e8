// x' = x + scale z with z standard normal: what a sampler of the reverse SDE adds in a step. One invocation draws four
// numbers of one trajectory. 4 bytes read and 4 written per number.
import package::batch::dispatch::linear_index;
import package::batch::status::check_number;
import package::rng::noise::{ Draw, noise4 };

struct Noise {
  state: u32, // slots, in numbers
  output: u32,
  dim: u32,
  trajectories: u32,
  step: u32,
  scale: f32,
  @align(16) draw: Draw,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Noise;

@compute @workgroup_size(64)
fn noise(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let quads = (operation.dim + 3) / 4;
  let trajectory = index / quads;
  if (trajectory >= operation.trajectories) {
    return;
  }
  let quad = index % quads;
  let added = noise4(operation.draw, trajectory, quad) * operation.scale;
  let start = trajectory * operation.dim;
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    let at = start + 4 * quad + lane;
    let next = slots[operation.state + at] + added[lane];
    slots[operation.output + at] = next;
    check_number(next, trajectory, operation.step);
  }
}
