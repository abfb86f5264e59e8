// The Jacobian-vector product of D along (dx, dsigma), ROWS trajectories a lane: rows.wgsl. As ../jvp.wgsl otherwise.
import constants::{ DIM, DIM_QUADS, EMBEDDING_QUADS, LAYERS, ROWS, WIDTH_QUADS };
import package::batch::scalar::scalar_of;
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::evaluate::slots;
import package::mlp::activation::silu_slope;
import package::mlp::embedding::waves_slope;
import package::mlp::lanes::rows::{
  COLUMNS, embedding_start, multiply, multiply_one, numbers, own_rows, row_start, rows_of, Sums, sums_start, TILE, trajectory_of,
};
import package::mlp::precondition::{ Precondition, precondition, precondition_slope };
import package::mlp::push::operation;
import package::mlp::shape::{ input_quads, matrix_start, output_quads, tape_hidden, tape_output };
import package::mlp::states::{ state_quad, store_quad };
import package::mlp::tape::tape;
import package::mlp::tile::clamped;
import package::mlp::weights::turns_of;
enable subgroups;
@if(half) enable f16;

/// Of this lane's trajectories, and their slopes times dsigma.
var<private> scales: array<Precondition, ROWS>;
var<private> slopes: array<Precondition, ROWS>;

@compute @workgroup_size(LANES)
fn jvp(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) subgroup_local: u32,
) {
  subgroup_lane = subgroup_local;
  own_rows = rows_of(group.x);
  for (var first = group.x * TILE; first < operation.trajectories; first += groups.x * TILE) {
    push(first);
  }
}

fn push(first: u32) {
  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    stage(first, r);
  }
  for (var layer = 0u; layer <= turns_of(LAYERS); layer++) {
    let count = input_quads(layer);
    let stride = output_quads(layer);
    @if(by_row) if (layer == LAYERS) {
      var sums = array<vec4f, ROWS>();
      multiply_one(&sums, LAYERS % 2, count, count + EMBEDDING_QUADS, matrix_start(layer));
      for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
        keep(first, layer, r, 0, sums[r]);
      }
      break;
    }
    for (var column = 0u; column < stride; column += COLUMNS) {
      var sums = Sums();
      multiply(&sums, layer % 2, count, count + EMBEDDING_QUADS, matrix_start(layer), stride, column);
      var copied = sums; // may be indexed without taking the sums themselves out of registers
      for (var c = 0u; c < min(COLUMNS, stride - column); c++) {
        for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
          keep(first, layer, r, column + c, copied[c * ROWS + r]);
        }
      }
    }
  }

  for (var r = 0u; r < turns_of(u32(ROWS)); r++) {
    let trajectory = trajectory_of(first, r);
    for (var d = 0u; d < turns_of(u32(DIM)) && trajectory < operation.trajectories; d++) {
      let at = trajectory * DIM + d;
      let x = slots[operation.state + at];
      let dx = slots[operation.tangent + at];
      let network = tape[tape_output(trajectory, operation.trajectories) + d / 4][d % 4];
      let pushed = scales[r].out * slots[operation.output + at];
      slots[operation.output + at] = scales[r].skip * dx + slopes[r].skip * x + pushed + slopes[r].out * network;
    }
  }
}

/// Writes d(c_in x) and the time embedding's derivative along dsigma.
fn stage(first: u32, row: u32) {
  const HALF = EMBEDDING_QUADS / 2;
  let index = clamped(trajectory_of(first, row), operation.trajectories);
  let sigma = scalar_of(operation.sigma, index, operation.trajectories);
  let along = scalar_of(operation.sigma_tangent, index, operation.trajectories);
  let slope = precondition_slope(sigma);
  scales[row] = precondition(sigma);
  slopes[row] = Precondition(along * slope.skip, along * slope.out, along * slope.input, along * slope.noise);
  for (var quad = 0u; quad < turns_of(DIM_QUADS); quad++) {
    let x = state_quad(operation.state, index, quad);
    let dx = state_quad(operation.tangent, index, quad);
    numbers[row_start(0, row) + quad] = scales[row].input * dx + slopes[row].input * x;
  }
  for (var quad = 0u; quad < turns_of(HALF); quad++) {
    let wave = waves_slope(quad, scales[row].noise);
    numbers[embedding_start(row) + quad] = slopes[row].noise * wave.cosines;
    numbers[embedding_start(row) + HALF + quad] = slopes[row].noise * wave.sines;
  }
}

/// Writes the tangents of four outputs of a layer, after its activation, as inputs of the next.
fn keep(first: u32, layer: u32, row: u32, quad: u32, summed: vec4f) {
  let trajectory = trajectory_of(first, row);
  if (layer == LAYERS) {
    if (trajectory < operation.trajectories) {
      store_quad(operation.output, trajectory, quad, summed);
    }
    return;
  }
  var dz = summed;
  @if(residual) {
    let at = sums_start(row) + quad;
    dz += select(vec4f(0), numbers[at], layer > 0);
    numbers[at] = dz;
  }
  let index = clamped(trajectory, operation.trajectories);
  let z = tape[tape_hidden(layer, index, operation.trajectories) + quad];
  numbers[row_start((layer + 1) % 2, row) + quad] = silu_slope(z) * dz;
}
