// Tangent networks inside a fused run: what is asked after each evaluation, and what becomes of the answers, as in
// asked.wgsl. The host has moved already what moves for all trajectories, and what no answer reaches is a number of the plan.
import constants::DIM;
import package::batch::slots::columns;
import package::fused::columns::place_of;
import package::fused::plan::run;
import package::predictor::center::center;
import package::tangent::evaluation::Move;
import package::tangent::figures::FEATURE_QUADS;
import package::tangent::outputs::{ moves_of, outputs_part };
import package::tangent::tangent::{ shifted, SLOPES };

/// What stepwise kernels find in the uniforms of one evaluation.
struct Asked {
  weights: u32, // where its weights start, in vec4
  hidden_quads: u32, // the end of a loop that compilers must not know
  previous: i32, // the place of D of the evaluation before, where places are in memory; below 0: there is none
  dim: u32, // again the end of a loop
  spread: f32, // std of the data
  answers: u32, // the row of the first answer of all, behind the plan's columns
  answered: u32, // how many are given once this one is
  moving: u32, // the first of them that moves a column that is read next
  first_column: u32, // the columns that are read next: from here
  end_column: u32, // to here
  tangent_width: u32, // of a column's row in the tangent
  @align(16) moves: array<Move, 3>,
}

@group(0) @binding(10) var<storage, read> asked: array<Asked>;

fn hidden_quads(n: u32) -> u32 {
  return asked[n].hidden_quads;
}

/// outputs_part of evaluation n.
fn part_of(n: u32, features: array<vec4f, FEATURE_QUADS>, first: u32, quads: u32, lane: u32) -> vec4f {
  return outputs_part(asked[n].weights, features, first, quads, lane);
}

/// Answers after evaluation n for one trajectory, given the sum of what the hidden layer adds to the outputs.
fn fill_columns(n: u32, sum: vec4f, trajectory: u32) {
  // Read once: what stands in a loop is read again after each store.
  let answers = asked[n].answers;
  let answered = asked[n].answered;
  let moving = asked[n].moving;
  let end = asked[n].end_column;
  let width = asked[n].tangent_width;
  let moves = moves_of(asked[n].weights, asked[n].moves, sum);
  for (var j = 0u; j < 3; j++) {
    columns[place_of(answers + answered - 3 + j, trajectory)] = moves[j];
  }
  let first_answer = place_of(answers, trajectory);
  let stride = run.trajectories;
  for (var column = asked[n].first_column; column < end; column++) {
    let row = column * width;
    var shift = 0.0;
    // The loop ends where its turn does: lavapipe runs the body of any other loop once more.
    var j = moving;
    loop {
      shift += tangent_at(row + SLOPES + j) * columns[first_answer + j * stride];
      continuing {
        j++;
        break if j >= answered;
      }
    }
    columns[place_of(column, trajectory)] = shifted(tangent_at(row), tangent_at(row + 1) != 0, shift);
  }
}

/// The rows of tangent/tangent.wgsl without what moves for all. They stand behind the mean of the data: browsers bind ten
/// storage buffers at most.
fn tangent_at(i: u32) -> f32 {
  return center[DIM + i];
}
