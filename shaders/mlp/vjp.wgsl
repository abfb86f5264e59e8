// The vector-Jacobian product c^T dD/d(x, sigma), for a cotangent c per trajectory: deltas go back through the
// layers in workgroup memory, from the tape of a forward pass over the same states. The weights are bound
// transposed, so that neighbouring invocations read neighbouring weights. The first lanes hold the gradient of a
// layer's inputs, the others add up that of the embedding. As many operations as a forward pass.
// The blocking is tile.wgsl's, and what limits it too: loads of weights, and on lavapipe barriers. An early version ran at
// 5.2 TFLOP/s on an H100 (64-256-256-256-64, batch 16,384; 9 % of the multiply-add ceiling). On lavapipe lanes/vjp.wgsl takes
// its place: 27.6 ms for 66.6 (the same network, batch 4,096).
import constants::{ COLUMNS, DIM, EMBEDDING_QUADS, HIDDEN, LANES, LAYERS, ROWS, WIDTH_QUADS };
import package::field::evaluate::slots;
import package::field::pull::{ operation, sigma_of, store_sigma_gradient };
import package::mlp::activation::silu_slope;
import package::mlp::embedding::waves_slope;
import package::mlp::precondition::{ Precondition, precondition, precondition_slope };
import package::mlp::pulled::{ deltas, with_branch_before };
import package::mlp::shape::{ input_quads, output_quads, tape_embedding, tape_hidden, tape_output, transposed_start };
import package::mlp::weights::turns_of;
import package::mlp::states::{ state_quad, store_quad };
import package::mlp::tape::tape;
import package::mlp::tile::{
  clamped, Columns, group_of, INVOCATIONS, lane_of, multiply, put_sums, row_of, ROW_QUADS, Sums, TILE, tile, tile_at
};
@if(half) enable f16;

/// Lanes past HIDDEN add up the gradient of the embedding, so many vec4 apart.
const EMBEDDING_LANES = LANES - HIDDEN;

var<workgroup> scales: array<Precondition, TILE>;
var<workgroup> slopes: array<Precondition, TILE>;

@compute @workgroup_size(INVOCATIONS)
fn vjp(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.x + group.y * groups.x) * TILE;
  let own_group = group_of(local);
  let lane = lane_of(local);
  let embeds = lane >= HIDDEN;
  for (var r = local; r < TILE; r += INVOCATIONS) {
    let sigma = sigma_of(clamped(first + r, operation.trajectories));
    scales[r] = precondition(sigma);
    slopes[r] = precondition_slope(sigma);
  }

  var gradient = Sums();
  for (var above = 0u; above <= turns_of(LAYERS); above++) {
    let layer = LAYERS - above;
    let inputs = input_quads(layer);
    let stride = inputs + EMBEDDING_QUADS;
    // States may have more numbers than the hidden layers are wide; those take one turn in both loops.
    for (var column = 0u; column < inputs; column += WIDTH_QUADS) {
      let works = select(lane < WIDTH_QUADS && column + lane < inputs, column == 0, embeds);
      var columns = Columns();
      for (var c = 0u; c < COLUMNS; c++) {
        let embedding = inputs + min(lane - HIDDEN + c * EMBEDDING_LANES, EMBEDDING_QUADS - 1);
        columns[c] = select(min(column + lane + c * HIDDEN, inputs - 1), embedding, embeds);
      }
      for (var begin = 0u; begin < output_quads(layer); begin += WIDTH_QUADS) {
        let count = min(WIDTH_QUADS, output_quads(layer) - begin);
        if (layer == LAYERS) {
          stage_cotangents(first, local, begin, count);
        }
        multiply(&gradient, works, own_group, 0, count, transposed_start(layer) + 4 * begin * stride, stride, columns);
      }
      @if(wide) if (layer == 0 && works && !embeds) {
        for (var r = 0u; r < ROWS; r++) {
          for (var c = 0u; c < COLUMNS; c++) {
            let trajectory = first + row_of(own_group, r);
            let quad = lane + c * HIDDEN;
            if (trajectory < operation.trajectories && quad < WIDTH_QUADS && column + quad < inputs) {
              store_quad(operation.output, trajectory, columns[c], gradient[r * COLUMNS + c]);
            }
          }
        }
        gradient = Sums();
      }
    }
    workgroupBarrier();
    @if(wide) if (layer == 0) {
      break;
    }
    @if(residual) if (layer > 0 && !embeds) {
      // What comes past the layer is added to what the tile still holds.
      for (var r = 0u; r < ROWS; r++) {
        for (var c = 0u; c < COLUMNS; c++) {
          let row = row_of(own_group, r);
          let quad = lane + c * HIDDEN;
          if (quad < WIDTH_QUADS && first + row < operation.trajectories) {
            let at = tape_hidden(layer - 1, first + row, operation.trajectories) + quad;
            var delta = silu_slope(tape[at]) * gradient[r * COLUMNS + c];
            if (layer < LAYERS) {
              delta += tile[tile_at(row, quad)];
            }
            tile[tile_at(row, quad)] = delta;
            @if(recorded) deltas[at] = delta;
          }
        }
      }
    }
    @if(residual) let puts = layer == 0;
    @if(!residual) const puts = true;
    if (puts && !embeds) {
      put_sums(&gradient, own_group, lane);
    }
    if (!embeds) {
      gradient = Sums();
    }
    workgroupBarrier();
    if (puts) {
      let quads = min(inputs, WIDTH_QUADS);
      for (var i = local; i < TILE * quads; i += INVOCATIONS) {
        let row = i / quads;
        let quad = i % quads;
        let place = tile_at(row, quad);
        if (first + row >= operation.trajectories) {
          continue;
        }
        if (layer == 0) {
          store_quad(operation.output, first + row, quad, tile[place]);
        } else {
          let at = tape_hidden(layer - 1, first + row, operation.trajectories) + quad;
          let delta = silu_slope(tape[at]) * tile[place];
          tile[place] = delta;
          @if(recorded) deltas[at] = delta;
        }
      }
    }
    workgroupBarrier();
  }

  if (embeds) {
    for (var r = 0u; r < ROWS; r++) {
      for (var c = 0u; c < COLUMNS; c++) {
        let row = row_of(own_group, r);
        let quad = lane - HIDDEN + c * EMBEDDING_LANES;
        if (quad < EMBEDDING_QUADS) {
          tile[tile_at(row, WIDTH_QUADS + quad)] = gradient[r * COLUMNS + c];
          @if(recorded) if (first + row < operation.trajectories) {
            deltas[tape_embedding(first + row, operation.trajectories) + quad] = gradient[r * COLUMNS + c];
          }
        }
      }
    }
  }
  storageBarrier();
  workgroupBarrier();
  finish(first, local);
}

/// Writes a part of c_out c.
fn stage_cotangents(first: u32, local: u32, begin: u32, count: u32) {
  workgroupBarrier();
  for (var i = local; i < TILE * count; i += INVOCATIONS) {
    let row = i / count;
    let quad = i % count;
    let index = clamped(first + row, operation.trajectories);
    let delta = scales[row].out * state_quad(operation.cotangent, index, begin + quad);
    tile[tile_at(row, quad)] = delta;
    @if(recorded) if (first + row < operation.trajectories) {
      deltas[tape_output(index, operation.trajectories) + begin + quad] = delta;
    }
  }
  workgroupBarrier();
}

/// From the gradients of c_in x and of the embedding: dx, and dsigma as a sum in a fixed order.
fn finish(first: u32, local: u32) {
  const HALF = EMBEDDING_QUADS / 2;
  for (var i = local; i < TILE * ROW_QUADS; i += INVOCATIONS) {
    let row = i / ROW_QUADS;
    let lane = i % ROW_QUADS;
    let index = clamped(first + row, operation.trajectories);
    let scale = scales[row];
    let slope = slopes[row];
    var sum = 0.0;
    if (lane >= WIDTH_QUADS) {
      let quad = lane - WIDTH_QUADS;
      let wave = waves_slope(quad % HALF, scale.noise);
      sum = slope.noise * dot(select(wave.sines, wave.cosines, quad < HALF), tile[tile_at(row, lane)]);
    } else if (first + row < operation.trajectories) {
      for (var d = lane; d < DIM; d += WIDTH_QUADS) {
        let output = operation.output + index * DIM + d;
        let x = slots[operation.state + index * DIM + d];
        let c = slots[operation.cotangent + index * DIM + d];
        let network = tape[tape_output(index, operation.trajectories) + d / 4][d % 4];
        sum += c * (slope.skip * x + slope.out * network) + slope.input * x * slots[output];
        let pulled = scale.skip * c + scale.input * slots[output];
        slots[output] = with_branch_before(index * DIM + d, pulled);
      }
    }
    tile[tile_at(row, lane)].x = sum;
  }
  workgroupBarrier();
  for (var r = local; r < TILE && first + r < operation.trajectories; r += INVOCATIONS) {
    var sum = 0.0;
    for (var n = 0u; n < ROW_QUADS; n++) {
      sum += tile[tile_at(r, n)].x;
    }
    store_sigma_gradient(first + r, with_branch_before(operation.trajectories * DIM + first + r, sum));
  }
}
