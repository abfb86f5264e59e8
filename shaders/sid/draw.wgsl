// Draws latents of the generator, and of each trajectory a noise level and a label. All come from (seed, trajectory,
// step, stream) alone, where `step` counts updates of both networks. One invocation draws four numbers of one trajectory.
import constants::CLASSES;
import package::batch::dispatch::linear_index;
import package::rng::noise::normal4;
import package::rng::threefry::threefry4x32;
import package::sid::run::run;
@if(!generator) import package::train::level::level_of;
import package::train::step::operation;

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(1) var<storage, read_write> columns: array<f32>; // [sigma | weight, trajectories]
@if(labelled) @group(0) @binding(4) var<storage, read_write> labels: array<u32>; // [trajectories]

@compute @workgroup_size(64)
fn draw(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let quads = (operation.dim + 3) / 4;
  let trajectory = index / quads;
  if (trajectory >= operation.trajectories) {
    return;
  }
  let quad = index % quads;
  let key = vec4u(operation.seed_low, operation.seed_high, 0, 0);
  let z = normal4(threefry4x32(key, vec4u(trajectory, quad, operation.step, operation.stream + 1)));
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    slots[run.latents + trajectory * operation.dim + 4 * quad + lane] = run.generator_sigma * z[lane];
  }
  if (quad == 0) {
    let choice = threefry4x32(key, vec4u(trajectory, 0, operation.step, operation.stream));
    let level = level_of(choice.zw);
    columns[trajectory] = level.sigma;
    columns[operation.trajectories + trajectory] = level.weight;
    // Some labels are likelier than others by CLASSES / 2^32.
    @if(labelled) labels[trajectory] = choice.y % u32(CLASSES);
  }
}

/// A noise level, and the weight of a squared difference of D there, as in train/level.wgsl.
@if(generator)
struct Level {
  sigma: f32,
  weight: f32,
}

/// sigma^(1/7) runs evenly over level_b from level_a on, as in EDM's grid; the weight makes of D what eps has.
@if(generator)
fn level_of(bits: vec2u) -> Level {
  let root = operation.level_a + operation.level_b * (f32(bits.x >> 8) * 0x1p-24);
  let cube = root * root * root;
  let sigma = cube * cube * root;
  return Level(sigma, 1 / (sigma * sigma));
}
