// From a predictor's answers for one step to the times and coefficients of its operations, one trajectory an
// invocation: t_m, what the field is told there, and the weights of the step's updates, by the formulas of its solver.
import package::batch::dispatch::linear_index;
import package::predictor::columns::{ Columns, middle_time, past_time, weights_of_update };
import package::predictor::dual::Dual;

@group(0) @binding(1) var<storage, read_write> columns: array<f32>; // [columns, trajectories]
@group(0) @binding(3) var<uniform> operation: Columns;
@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 steps, trajectories]

@compute @workgroup_size(64)
fn coefficients(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let middle = middle_of(answer_of(0, trajectory));
  store(operation.middle, trajectory, middle);
  store(operation.told, trajectory, answer_of(2, trajectory) * middle);
  for (var u = 0u; u < operation.updates; u++) {
    var weights = weights_of(u, middle, trajectory);
    let scale = select(1, answer_of(1, trajectory), operation.update[u].second != 0);
    for (var j = 0u; j < 6; j++) {
      store(operation.update[u].columns[j].index, trajectory, weights[j].x * select(scale, 1, j == 0));
    }
  }
}

fn answer_of(row: u32, trajectory: u32) -> f32 {
  return answers[(operation.answer + row) * operation.trajectories + trajectory];
}

fn middle_of(r: f32) -> f32 {
  return middle_time(operation.times, r);
}

fn store(column: i32, trajectory: u32, value: f32) {
  if (column >= 0) {
    columns[u32(column) * operation.trajectories + trajectory] = value;
  }
}

/// The weights of update u: of the state, then of what the field contributed.
fn weights_of(u: u32, middle_time: f32, trajectory: u32) -> array<Dual, 6> {
  let order = operation.update[u].order;
  let second = operation.update[u].second != 0;
  let corrects = operation.update[u].corrects != 0;
  let past = array<Dual, 3>(node_of(0, trajectory), node_of(1, trajectory), node_of(2, trajectory));
  return weights_of_update(operation.times, middle_time, order, second, corrects, past);
}

fn node_of(n: u32, trajectory: u32) -> Dual {
  let column = u32(max(0, operation.past[n].column));
  return past_time(operation.past[n], columns[column * operation.trajectories + trajectory]);
}
