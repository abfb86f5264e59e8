// The end of an attempted step, one trajectory an invocation: its error, whether it is taken, and the length of the
// next one by a PI controller (Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, II.4). A step is
// taken or not as a whole, the state and its log-determinants together. src/execute/step-control.ts is its twin.
import package::adaptive::trajectory::{ BROKEN, FINISHED, places, RUNNING, STUCK, trajectories, Trajectory };
import package::batch::dispatch::linear_index;
import package::batch::finite::is_broken_number;
import constants::{ EXPONENT, GROW, INTEGRAL, LEAST_ERROR, MOST_ATTEMPTS, PROPORTIONAL, SAFETY, SHRINK };

struct Weight {
  @align(16) solution: f32, // b_j
  error: f32, // b_j less that of the embedded solution
}

struct Control {
  state: u32, // slots, in numbers: x, by place
  first: u32, // k_1, by place
  slopes: u32, // k_2, by row, and those after it `stride` apart
  stride: u32,
  proposal: u32, // x at the end of the step, by row
  dim: u32,
  rows: u32,
  capacity: u32,
  quantities: u32, // log-determinants of a trajectory
  stages: u32,
  evaluations: u32, // of an attempt
  reuses: u32, // whether the last stage is the first of the next step
  steps: u32, // all steps, of equal length, where they are fixed; otherwise 0
  end: f32, // ln sigma
  smallest: f32, // step
  rtol: f32,
  atol: f32,
  @align(16) weights: array<Weight, 7>,
}

struct Counts {
  running: atomic<u32>,
  failed: atomic<u32>,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Control;
/// The whole part and the rest of each log-determinant, [quantities, capacity]: added to a number of hundreds, the
/// small steps' parts would be rounded away.
@group(0) @binding(6) var<storage, read_write> log_determinants: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> counts: Counts;
/// By stage, quantity and place (the first stage) or row.
@group(0) @binding(8) var<storage, read_write> divergences: array<f32>;

/// What a step does to a number and to its difference from the embedded solution.
struct Change {
  value: f32,
  error: f32,
}

@compute @workgroup_size(64)
fn control(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = linear_index(id, groups, 64);
  if (row >= operation.rows) {
    return;
  }
  let place = places[row];
  var now = trajectories[place];
  if (now.state == RUNNING) {
    now.evaluations += operation.evaluations;
    let error = error_of(row, place, now.step);
    if (is_broken_number(error)) {
      now.state = BROKEN;
      now.step = 0;
    } else if (error <= 1 || operation.steps > 0) {
      take(row, place, now.step);
      now.accepted++;
      now.shortest = min(now.shortest, abs(now.step));
      now = after_taken(now, error);
    } else {
      now.rejected++;
      now.retries = 1;
      now.step *= max(SHRINK, SAFETY * pow(error, -EXPONENT));
      if (abs(now.step) < operation.smallest || now.accepted + now.rejected >= MOST_ATTEMPTS) {
        now.state = STUCK;
        now.step = 0;
      }
    }
    trajectories[place] = now;
  }
  if (now.state == RUNNING) {
    atomicAdd(&counts.running, 1);
  } else if (now.state != FINISHED) {
    atomicAdd(&counts.failed, 1);
  }
}

/// The larger one of the state's error, a root mean square over its numbers, and that of any log-determinant; in units
/// of the tolerance. Of a log-determinant what counts is its change in this step: what it has grown to does not matter.
fn error_of(row: u32, place: u32, step: f32) -> f32 {
  var squares = 0.0;
  for (var d = 0u; d < operation.dim; d++) {
    let x = slots[operation.state + place * operation.dim + d];
    let y = slots[operation.proposal + row * operation.dim + d];
    var sum = operation.weights[0].error * slots[operation.first + place * operation.dim + d];
    for (var j = 1u; j < operation.stages; j++) {
      sum += operation.weights[j].error * slots[operation.slopes + (j - 1) * operation.stride + row * operation.dim + d];
    }
    // Without an embedded solution there is no error to show it.
    if (is_broken_number(y)) {
      return y;
    }
    let relative = step * sum / (operation.atol + operation.rtol * max(abs(x), abs(y)));
    squares += relative * relative;
  }
  var largest = sqrt(squares / f32(operation.dim));
  for (var quantity = 0u; quantity < operation.quantities; quantity++) {
    let change = change_of(quantity, row, place, step);
    if (is_broken_number(change.value)) {
      return change.value;
    }
    largest = larger(largest, abs(change.error) / (operation.atol + operation.rtol * max(1, abs(change.value))));
  }
  return largest;
}

/// Of a log-determinant.
fn change_of(quantity: u32, row: u32, place: u32, step: f32) -> Change {
  let first = divergences[quantity * operation.capacity + place];
  var value = operation.weights[0].solution * first;
  var error = operation.weights[0].error * first;
  for (var j = 1u; j < operation.stages; j++) {
    let divergence = divergences[(j * operation.quantities + quantity) * operation.capacity + row];
    value += operation.weights[j].solution * divergence;
    error += operation.weights[j].error * divergence;
  }
  return Change(step * value, step * error);
}

fn take(row: u32, place: u32, step: f32) {
  let last = operation.stages - 1;
  for (var quantity = 0u; quantity < operation.quantities; quantity++) {
    let at = quantity * operation.capacity + place;
    let before = log_determinants[at];
    let rest = before.y + change_of(quantity, row, place, step).value;
    let whole = round(rest);
    log_determinants[at] = vec2f(before.x + whole, rest - whole);
    if (operation.reuses == 1) {
      divergences[at] = divergences[(last * operation.quantities + quantity) * operation.capacity + row];
    }
  }
  for (var d = 0u; d < operation.dim; d++) {
    let own = place * operation.dim + d;
    let index = row * operation.dim + d;
    slots[operation.state + own] = slots[operation.proposal + index];
    if (operation.reuses == 1) {
      slots[operation.first + own] = slots[operation.slopes + (last - 1) * operation.stride + index];
    }
  }
}

/// A trajectory whose step has been taken, with its next one.
fn after_taken(before: Trajectory, error: f32) -> Trajectory {
  var now = before;
  let left = operation.end - now.time - now.step;
  // The last step ends at the end as nearly as float32 can say, and the others well before it.
  let arrives = abs(left) <= 0.5 * operation.smallest;
  now.time = select(now.time + now.step, operation.end, arrives);
  now.retries = 0;
  if (operation.steps > 0) {
    now.step = (operation.end - now.time) / f32(max(1, operation.steps - now.accepted));
    if (now.accepted >= operation.steps) {
      now.state = FINISHED;
      now.step = 0;
    }
    return now;
  }
  if (arrives) {
    now.state = FINISHED;
    now.step = 0;
    return now;
  }
  if (now.accepted + now.rejected >= MOST_ATTEMPTS) {
    now.state = STUCK;
    now.step = 0;
    return now;
  }
  let own = max(error, LEAST_ERROR);
  var growth = clamp(SAFETY * pow(own, -PROPORTIONAL) * pow(now.error, INTEGRAL), SHRINK, GROW);
  if (before.retries == 1) {
    growth = min(growth, 1);
  }
  now.error = own;
  let ahead = operation.end - now.time;
  let wanted = now.step * growth;
  // A little longer rather than a tiny step at the end.
  now.step = select(wanted, ahead, abs(wanted) * 1.02 >= abs(ahead));
  return now;
}

/// The larger one, and what is not finite before what is: max() may drop a NaN.
fn larger(a: f32, b: f32) -> f32 {
  if (is_broken_number(a)) {
    return a;
  }
  return select(max(a, b), b, is_broken_number(b));
}
