// The Jacobian-vector product of D along (dx, dsigma): tangents go forward through the layers as states do in
// forward.wgsl, whose tape of the same states says how steep SiLU is. As many operations as a forward pass.
// The blocking is tile.wgsl's, and what limits it too: loads of weights, and on lavapipe barriers. An early version ran at
// 9.4 TFLOP/s on an H100 (64-256-256-256-64, batch 16,384; 16 % of the multiply-add ceiling). On lavapipe lanes/jvp.wgsl takes
// its place: 24.9 ms for 59.7 (the same network, batch 4,096).
import constants::{ COLUMNS, DIM, EMBEDDING_QUADS, HIDDEN, LAYERS, ROWS, WIDTH_QUADS };
import package::batch::scalar::scalar_of;
import package::field::evaluate::slots;
import package::mlp::activation::silu_slope;
import package::mlp::embedding::waves_slope;
import package::mlp::precondition::{ Precondition, precondition, precondition_slope };
import package::mlp::push::operation;
import package::mlp::shape::{ input_quads, matrix_start, output_quads, tape_hidden, tape_output };
import package::mlp::weights::turns_of;
import package::mlp::states::{ state_quad, store_quad };
import package::mlp::tape::tape;
import package::mlp::tile::{
  clamped, Columns, group_of, INVOCATIONS, lane_of, multiply, put_sums, row_of, Sums, TILE, tile, tile_at
};
@if(half) enable f16;

var<workgroup> scales: array<Precondition, TILE>;
var<workgroup> slopes: array<Precondition, TILE>; // times dsigma

@compute @workgroup_size(INVOCATIONS)
fn jvp(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.x + group.y * groups.x) * TILE;
  let own_group = group_of(local);
  let lane = lane_of(local);
  for (var r = local; r < TILE; r += INVOCATIONS) {
    let index = clamped(first + r, operation.trajectories);
    let sigma = scalar_of(operation.sigma, index, operation.trajectories);
    let along = scalar_of(operation.sigma_tangent, index, operation.trajectories);
    let slope = precondition_slope(sigma);
    scales[r] = precondition(sigma);
    slopes[r] = Precondition(along * slope.skip, along * slope.out, along * slope.input, along * slope.noise);
  }
  workgroupBarrier();
  embed(local);

  var dz = Sums();
  for (var layer = 0u; layer <= turns_of(LAYERS); layer++) {
    let stride = output_quads(layer);
    // States may have more numbers than the hidden layers are wide; those take one turn in both loops.
    for (var column = 0u; column < stride; column += WIDTH_QUADS) {
      let works = lane < WIDTH_QUADS && column + lane < stride;
      var columns = Columns();
      for (var c = 0u; c < COLUMNS; c++) {
        columns[c] = min(column + lane + c * HIDDEN, stride - 1);
      }
      @if(residual) if (layer == LAYERS) {
        dz = Sums();
      }
      @if(!residual) dz = Sums();
      for (var begin = 0u; begin < input_quads(layer); begin += WIDTH_QUADS) {
        let count = min(WIDTH_QUADS, input_quads(layer) - begin);
        if (layer == 0) {
          stage_tangents(first, local, begin, count);
        }
        let embeds = begin + count == input_quads(layer);
        let matrix = matrix_start(layer) + 4 * begin * stride;
        let quads = count + select(0u, EMBEDDING_QUADS, embeds);
        multiply(&dz, works, own_group, WIDTH_QUADS - count, quads, matrix, stride, columns);
      }
      @if(wide) if (layer == LAYERS && works) {
        for (var r = 0u; r < ROWS; r++) {
          for (var c = 0u; c < COLUMNS; c++) {
            let trajectory = first + row_of(own_group, r);
            let quad = lane + c * HIDDEN;
            if (trajectory < operation.trajectories && quad < WIDTH_QUADS && column + quad < stride) {
              store_quad(operation.output, trajectory, columns[c], dz[r * COLUMNS + c]);
            }
          }
        }
      }
    }
    @if(wide) if (layer == LAYERS) {
      break;
    }
    workgroupBarrier();
    put_sums(&dz, own_group, lane);
    workgroupBarrier();
    let quads = min(output_quads(layer), WIDTH_QUADS);
    for (var i = local; i < TILE * quads; i += INVOCATIONS) {
      let row = i / quads;
      let quad = i % quads;
      let at = tile_at(row, quad);
      if (first + row >= operation.trajectories) {
        continue;
      }
      if (layer == LAYERS) {
        store_quad(operation.output, first + row, quad, tile[at]);
      } else {
        let z = tape[tape_hidden(layer, first + row, operation.trajectories) + quad];
        tile[at] = silu_slope(z) * tile[at];
      }
    }
    workgroupBarrier();
  }

  storageBarrier();
  for (var i = local; i < TILE * DIM && first + i / DIM < operation.trajectories; i += INVOCATIONS) {
    let scale = scales[i / DIM];
    let slope = slopes[i / DIM];
    let output = operation.output + first * DIM + i;
    let x = slots[operation.state + first * DIM + i];
    let dx = slots[operation.tangent + first * DIM + i];
    let network = tape[tape_output(first + i / DIM, operation.trajectories) + i % DIM / 4][i % DIM % 4];
    slots[output] = scale.skip * dx + slope.skip * x + scale.out * slots[output] + slope.out * network;
  }
}

/// Writes the time embedding's derivative along dsigma.
fn embed(local: u32) {
  const HALF = EMBEDDING_QUADS / 2;
  for (var i = local; i < TILE * HALF; i += INVOCATIONS) {
    let row = i / HALF;
    let slope = waves_slope(i % HALF, scales[row].noise);
    let at = tile_at(row, WIDTH_QUADS + i % HALF);
    tile[at] = slopes[row].noise * slope.cosines;
    tile[at + HALF] = slopes[row].noise * slope.sines;
  }
}

/// Writes a part of d(c_in x), next to the embedding's as a layer's matrix has them.
fn stage_tangents(first: u32, local: u32, begin: u32, count: u32) {
  workgroupBarrier();
  for (var i = local; i < TILE * count; i += INVOCATIONS) {
    let row = i / count;
    let quad = i % count;
    let index = clamped(first + row, operation.trajectories);
    let x = state_quad(operation.state, index, begin + quad);
    let dx = state_quad(operation.tangent, index, begin + quad);
    tile[tile_at(row, WIDTH_QUADS - count + quad)] = scales[row].input * dx + slopes[row].input * x;
  }
  workgroupBarrier();
}
