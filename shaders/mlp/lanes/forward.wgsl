// The denoiser D(x, sigma) of a small network, ROWS trajectories a lane: rows.wgsl. As ../forward.wgsl otherwise.
import constants::{ DIM, DIM_QUADS, EMBEDDING_QUADS, FEATURE_LAYER, LAYERS, ROWS, WIDTH_QUADS };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::evaluate::{ divisor_of, operation, predicted, sigma_of, slots };
import package::mlp::activation::silu;
import package::mlp::embedding::waves;
import package::mlp::labels::label_quad;
import package::mlp::lanes::rows::{
  COLUMNS, embedding_start, multiply, multiply_one, numbers, own_rows, row_start, rows_of, start_of, Sums, sums_start, TILE, trajectory_of,
};
@if(features) import package::mlp::pool::{ features, FEATURES, pooled_from, pooled_to };
import package::mlp::precondition::{ Precondition, precondition };
import package::mlp::shape::{ input_quads, matrix_start, output_quads, tape_embedding, tape_hidden };
import package::mlp::states::state_quad;
@if(taped) import package::mlp::tape::tape;
import package::mlp::task::{ BRANCHES, same_label, store_output, Task };
import package::mlp::tile::clamped;
import package::mlp::weights::{ turns_of, weight_quad };
enable subgroups;
@if(half) enable f16;

/// Of this lane's trajectories.
var<private> scales: array<Precondition, ROWS>;

@compute @workgroup_size(LANES)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) subgroup_local: u32,
) {
  subgroup_lane = subgroup_local;
  own_rows = rows_of(group.x);
  let same = operation.sigma.column < 0 && same_label();
  start_all(group.x * TILE, same);
  for (var first = group.x * TILE; first < operation.trajectories; first += groups.x * TILE) {
    evaluate(Task(first, operation.trajectories, operation.state, operation.output, same));
  }
}

/// Puts down what the columns of all layers start from: it is the same for all tiles.
fn start_all(first: u32, same: bool) {
  scales[0] = precondition(sigma_of(clamped(first, operation.trajectories)));
  for (var branch = 0u; branch < turns_of(BRANCHES); branch++) {
    embed_row(first, 0, branch);
    for (var layer = 0u; layer <= turns_of(LAYERS); layer++) {
      for (var column = 0u; column < output_quads(layer); column += COLUMNS) {
        let quad = min(column + subgroup_lane, output_quads(layer) - 1);
        numbers[start_of(branch, layer, column)] = start(layer, quad, same);
      }
    }
  }
}

fn evaluate(task: Task) {
  let first = task.first;
  let same = task.same;
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    scales[r] = precondition(sigma_of(clamped(trajectory_of(first, r), task.trajectories)));
  }
  for (var branch = 0u; branch < BRANCHES; branch++) {
    // Of one that does for all trajectories, only what all columns start from is needed, and the tape.
    @if(!taped) let rows = select(u32(ROWS), 0, same);
    @if(taped) const rows = u32(ROWS);
    for (var r = 0u; r < turns_of(rows); r++) {
      embed(task, r, branch);
    }
    stage_states(task);
    for (var layer = 0u; layer <= turns_of(LAYERS); layer++) {
      let count = input_quads(layer);
      let all = count + select(u32(EMBEDDING_QUADS), 0, same);
      let stride = output_quads(layer);
      @if(by_row) if (layer == LAYERS) {
        answer_row(task, branch, all);
        break;
      }
      for (var column = 0u; column < stride; column += COLUMNS) {
        var sums = Sums();
        multiply(&sums, layer % 2, count, all, matrix_start(layer), stride, column);
        let own = numbers[start_of(branch, layer, column)];
        var copied = sums; // may be indexed without taking the sums themselves out of registers
        for (var c = 0u; c < min(COLUMNS, stride - column); c++) {
          let shift = subgroupShuffle(own, c);
          for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
            keep(task, layer, branch, r, column + c, copied[c * ROWS + r] + shift);
          }
        }
      }
      @if(features) if (layer == FEATURE_LAYER && branch == 0) {
        pool(task, layer);
      }
    }
  }
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    let trajectory = trajectory_of(first, r);
    for (var d = 0u; d < turns_of(u32(DIM)) && trajectory < task.trajectories; d++) {
      let at = trajectory * DIM + d;
      let x = slots[operation.state + at];
      let denoised = scales[r].skip * x + scales[r].out * slots[operation.output + at];
      slots[operation.output + at] = predicted(x, denoised, divisor_of(trajectory));
    }
  }
}

/// Writes the time embedding of a row, and what the label adds to it.
fn embed_row(trajectory: u32, row: u32, branch: u32) {
  const HALF = EMBEDDING_QUADS / 2;
  for (var quad = 0u; quad < turns_of(HALF); quad++) {
    let wave = waves(quad, scales[row].noise);
    var cosines = wave.cosines;
    var sines = wave.sines;
    @if(labelled) cosines += label_quad(clamped(trajectory, operation.trajectories), branch, quad);
    @if(labelled) sines += label_quad(clamped(trajectory, operation.trajectories), branch, HALF + quad);
    numbers[embedding_start(row) + quad] = cosines;
    numbers[embedding_start(row) + HALF + quad] = sines;
  }
}

fn embed(task: Task, row: u32, branch: u32) {
  let trajectory = trajectory_of(task.first, row);
  embed_row(trajectory, row, branch);
  @if(taped) for (var quad = 0u; quad < turns_of(EMBEDDING_QUADS) && trajectory < task.trajectories; quad++) {
    tape[tape_embedding(trajectory, task.trajectories) + quad] = numbers[embedding_start(row) + quad];
  }
}

/// Writes c_in x.
fn stage_states(task: Task) {
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    let trajectory = clamped(trajectory_of(task.first, r), task.trajectories);
    for (var quad = 0u; quad < turns_of(DIM_QUADS); quad++) {
      numbers[row_start(0, r) + quad] = scales[r].input * state_quad(task.state, trajectory, quad);
    }
  }
}

/// What four outputs of a layer start from: the bias, and the embedding's part where one does for all trajectories.
fn start(layer: u32, quad: u32, same: bool) -> vec4f {
  let stride = output_quads(layer);
  let times = matrix_start(layer) + 4 * input_quads(layer) * stride + quad;
  var sum = weight_quad(times + 4 * EMBEDDING_QUADS * stride);
  for (var k = 0u; k < turns_of(select(0u, u32(EMBEDDING_QUADS), same)); k++) {
    let e = numbers[embedding_start(0) + k];
    let at = times + 4 * k * stride;
    sum += e.x * weight_quad(at) + e.y * weight_quad(at + stride);
    sum += e.z * weight_quad(at + 2 * stride) + e.w * weight_quad(at + 3 * stride);
  }
  return sum;
}

/// Writes four outputs of a layer, after its activation, as inputs of the next; those of the last layer are the answer.
fn keep(task: Task, layer: u32, branch: u32, row: u32, quad: u32, summed: vec4f) {
  let trajectory = trajectory_of(task.first, row);
  if (layer == LAYERS) {
    if (trajectory < task.trajectories) {
      store_output(task, trajectory, quad, branch, summed);
    }
    return;
  }
  var z = summed;
  @if(residual) {
    let at = sums_start(row) + quad;
    z += select(vec4f(0), numbers[at], layer > 0);
    numbers[at] = z;
  }
  numbers[row_start((layer + 1) % 2, row) + quad] = silu(z);
  @if(taped) if (trajectory < task.trajectories) {
    tape[tape_hidden(layer, trajectory, task.trajectories) + quad] = z;
  }
}

/// The last layer of a state of up to four numbers.
@if(by_row)
fn answer_row(task: Task, branch: u32, all: u32) {
  var sums = array<vec4f, ROWS>();
  multiply_one(&sums, LAYERS % 2, WIDTH_QUADS, all, matrix_start(LAYERS));
  let shift = numbers[start_of(branch, LAYERS, 0)];
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    keep(task, LAYERS, branch, r, 0, sums[r] + shift);
  }
}

/// Writes the features of this lane's trajectories: ../pool.wgsl.
@if(features)
fn pool(task: Task, layer: u32) {
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    let trajectory = trajectory_of(task.first, r);
    for (var feature = 0u; feature < turns_of(FEATURES) && trajectory < task.trajectories; feature++) {
      let begin = pooled_from(feature);
      let end = pooled_to(feature);
      var sum = 0.0;
      for (var n = begin; n < end; n++) {
        sum += numbers[row_start((layer + 1) % 2, r) + n / 4][n % 4];
      }
      features[trajectory * FEATURES + feature] = sum / f32(end - begin);
    }
  }
}
