// The vector-Jacobian product c^T dD/d(x, sigma), ROWS trajectories a lane: rows.wgsl. As ../vjp.wgsl otherwise; the columns
// behind those of a layer's inputs are the embedding's.
import constants::{ DIM, DIM_QUADS, EMBEDDING_QUADS, LAYERS, ROWS };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::evaluate::slots;
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };
import package::mlp::activation::silu_slope;
import package::mlp::embedding::waves_slope;
import package::mlp::lanes::rows::{
  COLUMNS, embedding_start, multiply, numbers, own_rows, row_start, rows_of, Sums, TILE, trajectory_of,
};
import package::mlp::precondition::{ Precondition, precondition, precondition_slope };
import package::mlp::pulled::{ deltas, with_branch_before };
import package::mlp::shape::{ input_quads, output_quads, tape_embedding, tape_hidden, tape_output, transposed_start };
import package::mlp::states::{ state_quad, store_quad };
import package::mlp::tape::tape;
import package::mlp::tile::clamped;
import package::mlp::weights::turns_of;
enable subgroups;
@if(half) enable f16;

/// Of this lane's trajectories.
var<private> scales: array<Precondition, ROWS>;

@compute @workgroup_size(LANES)
fn vjp(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) subgroup_local: u32,
) {
  subgroup_lane = subgroup_local;
  own_rows = rows_of(group.x);
  for (var first = group.x * TILE; first < operation.trajectories; first += groups.x * TILE) {
    pull(first);
  }
}

fn pull(first: u32) {
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    stage(first, r);
  }
  for (var above = 0u; above <= turns_of(LAYERS); above++) {
    let layer = LAYERS - above;
    let stride = input_quads(layer) + EMBEDDING_QUADS;
    let count = output_quads(layer);
    for (var column = 0u; column < stride; column += COLUMNS) {
      var gradient = Sums();
      multiply(&gradient, above % 2, count, count, transposed_start(layer), stride, column);
      var copied = gradient; // may be indexed without taking the sums themselves out of registers
      for (var c = 0u; c < min(COLUMNS, stride - column); c++) {
        for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
          keep(first, above, r, column + c, copied[c * ROWS + r]);
        }
      }
    }
  }
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    if (trajectory_of(first, r) < operation.trajectories) {
      finish(trajectory_of(first, r), r);
    }
  }
}

/// Writes c_out c, and zeros for the embedding's gradient.
fn stage(first: u32, row: u32) {
  let trajectory = trajectory_of(first, row);
  let index = clamped(trajectory, operation.trajectories);
  scales[row] = precondition(sigma_of(index));
  for (var quad = 0u; quad < turns_of(DIM_QUADS); quad++) {
    let delta = scales[row].out * state_quad(operation.cotangent, index, quad);
    numbers[row_start(0, row) + quad] = delta;
    @if(recorded) if (trajectory < operation.trajectories) {
      deltas[tape_output(index, operation.trajectories) + quad] = delta;
    }
  }
  for (var quad = 0u; quad < turns_of(u32(EMBEDDING_QUADS)); quad++) {
    numbers[embedding_start(row) + quad] = vec4f(0);
  }
}

/// What the cotangent comes to at four of a layer's inputs: before the activation they are the deltas of the layer below.
fn keep(first: u32, above: u32, row: u32, quad: u32, gradient: vec4f) {
  let layer = LAYERS - above;
  let inputs = input_quads(layer);
  if (quad >= inputs) {
    numbers[embedding_start(row) + quad - inputs] += gradient;
    return;
  }
  let trajectory = trajectory_of(first, row);
  let works = trajectory < operation.trajectories;
  if (layer == 0) {
    if (works) {
      store_quad(operation.output, trajectory, quad, gradient);
    }
    return;
  }
  let at = tape_hidden(layer - 1, clamped(trajectory, operation.trajectories), operation.trajectories) + quad;
  var delta = silu_slope(tape[at]) * gradient;
  // What comes past a residual network's layer is added.
  @if(residual) if (layer < LAYERS) {
    delta += numbers[row_start(above % 2, row) + quad];
  }
  numbers[row_start((above + 1) % 2, row) + quad] = delta;
  @if(recorded) if (works) {
    deltas[at] = delta;
  }
}

/// From the gradients of c_in x and of the embedding: dx and dsigma.
fn finish(trajectory: u32, row: u32) {
  const HALF = EMBEDDING_QUADS / 2;
  let scale = scales[row];
  let slope = precondition_slope(sigma_of(trajectory));
  var sum = 0.0;
  for (var d = 0u; d < turns_of(u32(DIM)); d++) {
    let at = trajectory * DIM + d;
    let x = slots[operation.state + at];
    let c = slots[operation.cotangent + at];
    let gradient = slots[operation.output + at];
    let network = tape[tape_output(trajectory, operation.trajectories) + d / 4][d % 4];
    sum += c * (slope.skip * x + slope.out * network) + slope.input * x * gradient;
    slots[operation.output + at] = with_branch_before(at, scale.skip * c + scale.input * gradient);
  }
  for (var quad = 0u; quad < turns_of(u32(EMBEDDING_QUADS)); quad++) {
    let wave = waves_slope(quad % HALF, scale.noise);
    let gradient = numbers[embedding_start(row) + quad];
    sum += slope.noise * dot(select(wave.sines, wave.cosines, quad < HALF), gradient);
    @if(recorded) deltas[tape_embedding(trajectory, operation.trajectories) + quad] = gradient;
  }
  store_sigma_gradient(trajectory, with_branch_before(operation.trajectories * DIM + trajectory, sum));
}
