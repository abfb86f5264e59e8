// Draws a batch: rows y of the data, noise levels sigma, x = y + sigma n. All come from (seed, trajectory, step,
// stream) alone. One invocation draws four numbers of one trajectory.
import constants::CLASSES;
import package::batch::dispatch::linear_index;
import package::rng::noise::normal4;
import package::rng::threefry::threefry4x32;
import package::train::level::level_of;
import package::train::step::operation;

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(1) var<storage, read_write> columns: array<f32>; // [sigma | weight, trajectories]
@group(0) @binding(4) var<storage, read> data: array<f32>; // [rows, dim]
@if(labelled) @group(0) @binding(5) var<storage, read> row_labels: array<u32>; // [rows]
@if(labelled) @group(0) @binding(6) var<storage, read_write> labels: array<u32>; // [trajectories]

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
  let choice = threefry4x32(key, vec4u(trajectory, 0, operation.step, operation.stream));
  let noise = normal4(threefry4x32(key, vec4u(trajectory, quad, operation.step, operation.stream + 1)));
  // Some rows are likelier than others by rows / 2^32.
  let row = choice.x % (arrayLength(&data) / operation.dim);
  let level = level_of(choice.zw);
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    let d = 4 * quad + lane;
    let y = data[row * operation.dim + d];
    slots[operation.clean + trajectory * operation.dim + d] = y;
    slots[operation.noisy + trajectory * operation.dim + d] = y + level.sigma * noise[lane];
  }
  if (quad == 0) {
    columns[trajectory] = level.sigma;
    columns[operation.trajectories + trajectory] = level.weight;
    @if(labelled) labels[trajectory] = select(row_labels[row], CLASSES, f32(choice.y >> 8) * 0x1p-24 < operation.label_drop);
  }
}
