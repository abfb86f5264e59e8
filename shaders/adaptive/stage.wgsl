// A stage of a Runge-Kutta step, y = x + h sum_j a_j k_j with each trajectory's own step h, and the noise level at which
// its drift is then evaluated: sigma = exp(time + c h). One number an invocation.
import package::adaptive::trajectory::{ places, trajectories };
import package::batch::dispatch::linear_index;

struct Weight {
  @size(16) value: f32,
}

struct Stage {
  state: u32, // slots, in numbers: x, by place
  first: u32, // k_1, by place, because it may be the last stage of the step before
  slopes: u32, // k_2, by row, and those after it `stride` apart
  stride: u32,
  output: u32, // y, by row
  dim: u32,
  rows: u32,
  terms: u32,
  fraction: f32, // c
  @align(16) weights: array<Weight, 7>, // a_j
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(1) var<storage, read_write> columns: array<f32>; // sigma of each row
@group(0) @binding(3) var<uniform> operation: Stage;

@compute @workgroup_size(64)
fn stage(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  let row = index / operation.dim;
  if (row >= operation.rows) {
    return;
  }
  let d = index % operation.dim;
  let own = places[row] * operation.dim + d;
  let step = trajectories[places[row]].step;
  var sum = 0.0;
  if (operation.terms > 0) {
    sum = operation.weights[0].value * slots[operation.first + own];
  }
  for (var j = 1u; j < operation.terms; j++) {
    sum += operation.weights[j].value * slots[operation.slopes + (j - 1) * operation.stride + index];
  }
  slots[operation.output + index] = slots[operation.state + own] + step * sum;
  if (d == 0) {
    columns[row] = exp(trajectories[places[row]].time + operation.fraction * step);
  }
}
