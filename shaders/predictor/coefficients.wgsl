// From a predictor's answers for one step to the times and coefficients of its operations, one trajectory an
// invocation: t_m, what the field is told there, and the weights of the step's updates, by the formulas of its solver.
import package::batch::dispatch::linear_index;
import package::predictor::dual::{ constant, Dual };
@if(single) import package::predictor::single::update_weights;
@if(double) import package::predictor::double::update_weights;
@if(ipndm) import package::predictor::ipndm::update_weights;
@if(dpmpp) import package::predictor::dpmpp::update_weights;
@if(deis) import package::predictor::deis::update_weights;
@if(unipc) import package::predictor::unipc::update_weights;

/// A time before t_c at which the field was evaluated: of the grid, or in a column as an earlier t_m.
struct Node {
  @align(16) time: f32,
  column: i32, // below 0: `time`
  steps_ago: u32, // of which step it is the t_m: 1 or 2; 0 for a time of the grid
}

/// Where a weight goes; below 0 nowhere: it is the same for all, or stands elsewhere.
struct Column {
  @align(16) index: i32,
}

/// One combination of the step.
struct Update {
  @align(16) second: u32, // whether from t_m to t_n: its contributions are scaled; else from t_c to t_m
  order: u32, // evaluations in use
  corrects: u32, // UniPC: whether the evaluation at its end is one of them
  @align(16) columns: array<Column, 6>,
}

struct Columns {
  trajectories: u32,
  answer: u32, // the row of r among the answers
  middle: i32, // the column of t_m
  told: i32, // of the time that the field is told there; below 0 where that is t_m
  current: f32,
  next: f32,
  beta_d: f32, // of DEIS' VP time
  beta_min: f32,
  updates: u32,
  step: u32, // whose t_m it is among the gradients to t_m
  @align(16) past: array<Node, 3>,
  @align(16) update: array<Update, 4>,
}

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

/// t_m = t_n^r t_c^(1 - r).
fn middle_of(r: f32) -> f32 {
  return operation.current * exp(r * log(operation.next / operation.current));
}

fn store(column: i32, trajectory: u32, value: f32) {
  if (column >= 0) {
    columns[u32(column) * operation.trajectories + trajectory] = value;
  }
}

/// The weights of update u: of the state, then of what the field contributed.
fn weights_of(u: u32, middle_time: f32, trajectory: u32) -> array<Dual, 6> {
  let current = constant(operation.current);
  let next = constant(operation.next);
  let middle = Dual(middle_time, middle_time, 0, 0);
  @if(single || double) return update_weights(current, middle, next);
  @if(!(single || double)) {
    let order = operation.update[u].order;
    let corrects = operation.update[u].corrects != 0;
    let second = operation.update[u].second != 0;
    let a = node_of(0, trajectory);
    let b = node_of(1, trajectory);
    let c = node_of(2, trajectory);
    let start = select(current, middle, second);
    let end = select(middle, next, second);
    var past = array<Dual, 3>(a, b, c);
    if (second) {
      past = array<Dual, 3>(current, a, b);
    }
    @if(unipc) return update_weights(start, end, past, order, corrects);
    @if(!unipc) return update_weights(start, end, past, order);
  }
}

@if(!(single || double))
fn node_of(n: u32, trajectory: u32) -> Dual {
  let column = operation.past[n].column;
  if (column < 0) {
    return constant(operation.past[n].time);
  }
  var node = constant(columns[u32(column) * operation.trajectories + trajectory]);
  node[1 + operation.past[n].steps_ago] = node.x;
  return node;
}
