// y_t = y + sigma n for what the generator made. 4 bytes read and written per number; one invocation takes four of one
// trajectory.
import package::batch::dispatch::linear_index;
import package::batch::slots::columns;
import package::rng::noise::normal4;
import package::rng::threefry::threefry4x32;
import package::sid::run::run;
import package::train::step::operation;

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;

@compute @workgroup_size(64)
fn noise(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let quads = (operation.dim + 3) / 4;
  let trajectory = index / quads;
  if (trajectory >= operation.trajectories) {
    return;
  }
  let quad = index % quads;
  let key = vec4u(operation.seed_low, operation.seed_high, 0, 0);
  let n = normal4(threefry4x32(key, vec4u(trajectory, quad, operation.step, operation.stream + 2)));
  let sigma = columns[trajectory];
  for (var lane = 0u; lane < 4 && 4 * quad + lane < operation.dim; lane++) {
    let i = trajectory * operation.dim + 4 * quad + lane;
    slots[run.noisy + i] = slots[run.generated + i] + sigma * n[lane];
  }
}
