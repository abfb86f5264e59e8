// AMED's predictor inside a fused run: what it is asked in each step, and what becomes of its answers. The columns of a
// trajectory are filled by who then reads them, in the same dispatch; its answers stand in the rows behind the columns.
import package::batch::slots::columns;
import package::fused::columns::place_of;
import package::predictor::answers::{ answers_of, bottleneck_part };
import package::predictor::columns::{ Columns, middle_time, past_time, weights_of_update };
import package::predictor::dual::Dual;
import package::predictor::step::{ FEATURE_QUADS, Step };

/// What stepwise kernels find in the uniforms of one step.
struct Asked {
  step: Step, // `answer` counts the plan's columns too
  spread: f32, // of the data
  pools: u32, // the end of a loop that compilers must not know
  @align(16) columns: Columns,
}

@group(0) @binding(10) var<storage, read> asked: array<Asked>;

fn hidden_quads(n: u32) -> u32 {
  return asked[n].step.hidden_quads;
}

/// bottleneck_part of step n.
fn part_of(n: u32, features: array<vec4f, FEATURE_QUADS>, first: u32, quads: u32, lane: u32) -> vec4f {
  return bottleneck_part(features, first, quads, lane);
}

/// Answers step n for one trajectory, given the sum of what g_phi's hidden layer adds to its bottleneck.
fn fill_columns(n: u32, sum: vec4f, trajectory: u32) {
  let answers = answers_of(asked[n].step, sum);
  let row = asked[n].step.answer;
  columns[place_of(row, trajectory)] = answers.x;
  columns[place_of(row + 1, trajectory)] = answers.y;
  columns[place_of(row + 2, trajectory)] = answers.z;
  let times = asked[n].columns.times;
  let middle = middle_time(times, answers.x);
  columns[place_of(u32(asked[n].columns.middle), trajectory)] = middle;
  store(asked[n].columns.told, trajectory, answers.z * middle);
  let past = array<Dual, 3>(node_of(n, 0, trajectory), node_of(n, 1, trajectory), node_of(n, 2, trajectory));
  var u = 0u;
  // Every step has an update. The loop ends where its turn does: lavapipe runs the body of any other loop once more.
  loop {
    let order = asked[n].columns.update[u].order;
    let second = asked[n].columns.update[u].second != 0;
    let corrects = asked[n].columns.update[u].corrects != 0;
    var weights = weights_of_update(times, middle, order, second, corrects, past);
    let scale = select(1, answers.y, second);
    // An end that compilers do not know: lavapipe unrolls what it knows, and every store is a branch.
    for (var j = 0u; j <= order + u32(corrects); j++) {
      store(asked[n].columns.update[u].columns[j].index, trajectory, weights[j].x * select(scale, 1, j == 0));
    }
    continuing {
      u++;
      break if u >= asked[n].columns.updates;
    }
  }
}

fn node_of(n: u32, ago: u32, trajectory: u32) -> Dual {
  let column = u32(max(0, asked[n].columns.past[ago].column));
  return past_time(asked[n].columns.past[ago], columns[place_of(column, trajectory)]);
}

fn store(column: i32, trajectory: u32, value: f32) {
  if (column >= 0) {
    columns[place_of(u32(column), trajectory)] = value;
  }
}
