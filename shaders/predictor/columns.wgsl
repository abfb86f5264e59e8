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

/// One combination of a step.
struct Update {
  @align(16) second: u32, // whether from t_m to t_n: its contributions are scaled; else from t_c to t_m
  order: u32, // evaluations in use
  corrects: u32, // UniPC: whether the evaluation at its end is one of them
  @align(16) columns: array<Column, 6>,
}

struct Times {
  current: f32, // t_c
  next: f32, // t_n
  beta_d: f32, // of DEIS' VP time
  beta_min: f32,
}

/// The columns of one step.
struct Columns {
  trajectories: u32,
  answer: u32, // the row of r among the answers
  middle: i32, // the column of t_m
  told: i32, // of the time that the field is told there; below 0 where that is t_m
  @align(16) updates: u32,
  step: u32, // whose t_m it is among the gradients to t_m
  @align(16) times: Times,
  @align(16) past: array<Node, 3>,
  @align(16) update: array<Update, 4>,
}

/// t_m = t_n^r t_c^(1 - r).
fn middle_time(times: Times, r: f32) -> f32 {
  return times.current * exp(r * log(times.next / times.current));
}

/// The time of an earlier evaluation; `value` is what stands in its column.
fn past_time(node: Node, value: f32) -> Dual {
  if (node.column < 0) {
    return constant(node.time);
  }
  var dual = constant(value);
  dual[1 + node.steps_ago] = value;
  return dual;
}

/// The weights of an update: of the state, then of what the field contributed.
fn weights_of_update(times: Times, middle_time: f32, order: u32, second: bool, corrects: bool, earlier: array<Dual, 3>) -> array<Dual, 6> {
  let current = constant(times.current);
  let next = constant(times.next);
  let middle = Dual(middle_time, middle_time, 0, 0);
  @if(single || double) return update_weights(current, middle, next);
  @if(!(single || double)) {
    let start = select(current, middle, second);
    let end = select(middle, next, second);
    var past = earlier;
    if (second) {
      past = array<Dual, 3>(current, earlier[0], earlier[1]);
    }
    @if(unipc) return update_weights(start, end, past, order, corrects);
    @if(deis) return update_weights(start, end, past, order, vec2f(times.beta_d, times.beta_min));
    @if(!(unipc || deis)) return update_weights(start, end, past, order);
  }
}
