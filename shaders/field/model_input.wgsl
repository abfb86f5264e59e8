// What a model on the device is told: x_t of some trajectories, and the time of each. One number of a state an invocation.
import constants::DIM;
import package::batch::dispatch::linear_index;

struct Part {
  state: u32, // of the first of them in the slots, in numbers
  first: u32, // trajectory
  count: u32,
}

@group(0) @binding(0) var<storage, read> slots: array<f32>;
@group(0) @binding(1) var<storage, read> translations: array<vec4f>; // of every trajectory: t, alpha-bar, skip, out
@group(0) @binding(2) var<storage, read_write> states: array<f32>; // [count, DIM]
@group(0) @binding(3) var<storage, read_write> times: array<f32>; // [count]
@group(0) @binding(4) var<uniform> part: Part;

@compute @workgroup_size(64)
fn model_input(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let number = linear_index(id, groups, 64);
  if (number >= part.count * DIM) {
    return;
  }
  let row = number / DIM;
  let translation = translations[part.first + row];
  states[number] = translation.y * slots[part.state + number];
  if (number == row * DIM) {
    times[row] = translation.x;
  }
}
