// A small network over a tile of trajectories, a workgroup's, through all layers: activations stay in workgroup memory,
// and a weight that an invocation reads serves all rows of its group: tile.wgsl, which says what limits it.
// 2 (inputs + embedding) outputs operations per layer and trajectory; where all trajectories share sigma and label, the
// embedding's part is computed once per tile.
// A narrow last layer would leave most lanes idle, so it goes by rows (up to four numbers) or in parts of its inputs. By rows,
// ten evaluations of 2-64-64-64-2 took 659 to 977 ms of processor time in place of 884 to 1,290 (lavapipe, batch 32,768). With
// as many inputs in each part NVIDIA's registers went from 176 to 128, and the compiler (NVK) reckons 15 % fewer cycles.
import constants::{ COLUMNS, DIM_QUADS, EMBEDDING_QUADS, FEATURE_LAYER, HIDDEN, LAYERS, ROWS, SPLIT, WIDTH_QUADS };
import package::mlp::activation::silu;
import package::mlp::conditioning::{ embed, shift, start };
@if(features) import package::mlp::pool::pool;
import package::mlp::shape::{ input_quads, matrix_start, output_quads, tape_hidden };
@if(staged) import package::mlp::staged::{ Factor, multiply_staged, Share };
import package::mlp::states::state_quad;
@if(taped) import package::mlp::tape::tape;
import package::mlp::task::{ BRANCHES, same_label, scales, store_output, Task };
import package::mlp::tile::{
  clamped, Columns, group_of, INVOCATIONS, lane_of, multiply, row_of, Sums, TILE, tile, tile_at,
};
import package::mlp::weights::{ turns_of, weight_quad };

/// Lanes that take a part of the output layer's inputs.
const PART_LANES = u32(HIDDEN / SPLIT);

/// Writes what the network answers for the tile to its output slot, by `scales`, which must be there.
fn run_layers(task: Task, local: u32) {
  let first = task.first;
  let group = group_of(local);
  let lane = lane_of(local);
  @if(together) let same = true;
  @if(!together) let same = task.same && same_label();
  for (var branch = 0u; branch < BRANCHES; branch++) {
    workgroupBarrier();
    embed(task, local, branch, same);
    workgroupBarrier();
    if (same) {
      shift(0, local, same);
    }
    workgroupBarrier();
    var z = Sums();
    for (var layer = 0u; layer <= turns_of(LAYERS); layer++) {
      @if(by_row) if (layer == LAYERS) {
        output_by_row(task, local, branch, same);
        break;
      }
      let stride = output_quads(layer);
      // The output layer of a state no wider than the hidden ones: where it is far narrower, lanes that would wait take
      // parts of its inputs, SPLIT of them.
      @if(by_parts) let shares = layer == LAYERS;
      @if(!by_parts) const shares = false;
      @if(split) let part = select(0, lane / PART_LANES, shares);
      @if(!split) const part = 0u;
      let own_lane = lane - part * PART_LANES;
      let apart = select(u32(HIDDEN), PART_LANES, shares);
      // States may have more numbers than the hidden layers are wide; those take one turn in both loops.
      for (var column = 0u; column < stride; column += WIDTH_QUADS) {
        var columns = Columns();
        for (var c = 0u; c < COLUMNS; c++) {
          columns[c] = min(column + own_lane + c * apart, stride - 1);
        }
        @if(residual) if (layer == LAYERS) {
          z = Sums();
        }
        @if(!residual) z = Sums();
        if (!shares) {
          for (var c = 0u; c < COLUMNS; c++) {
            let own = start(layer, columns[c], same);
            for (var r = 0u; r < ROWS; r++) {
              z[r * COLUMNS + c] += own;
            }
          }
        }
        let works = lane < WIDTH_QUADS && (shares || column + lane < stride);
        for (var begin = 0u; begin < input_quads(layer); begin += WIDTH_QUADS) {
          let count = min(WIDTH_QUADS, input_quads(layer) - begin);
          if (layer == 0) {
            stage_states(task, local, begin, count);
          }
          let embeds = !same && begin + count == input_quads(layer);
          let all = count + select(0u, EMBEDDING_QUADS, embeds);
          // As many for all parts: a loop that ends elsewhere for other invocations takes half as many registers more.
          let size = select(all, all / SPLIT, shares);
          let skipped = part * size;
          @if(!staged) let matrix = matrix_start(layer) + 4 * (begin + skipped) * stride;
          // Called at one place alone: compilers that do not put it there would keep the sums in memory.
          @if(!staged) multiply(&z, works, group, WIDTH_QUADS - count + skipped, size, matrix, stride, columns);
          @if(staged) {
            let matrix = matrix_start(layer) + 4 * begin * stride + column;
            let factor = Factor(matrix, stride, min(stride - column, WIDTH_QUADS), select(1u, u32(SPLIT), shares), size);
            let share = Share(part, own_lane, apart, group, WIDTH_QUADS - count + skipped);
            multiply_staged(&z, factor, share, local);
          }
        }
        @if(!by_parts) if (layer == LAYERS && works) {
          for (var r = 0u; r < ROWS; r++) {
            for (var c = 0u; c < COLUMNS; c++) {
              let trajectory = first + row_of(group, r);
              if (trajectory < task.trajectories && holds(lane, c) && column + lane + c * HIDDEN < stride) {
                store_output(task, trajectory, columns[c], branch, z[r * COLUMNS + c]);
              }
            }
          }
        }
      }
      if (layer < LAYERS) {
        workgroupBarrier();
        keep_hidden(&z, task, layer, group, lane);
        if (same) {
          shift(layer + 1, local, same);
        }
        workgroupBarrier();
        @if(features) if (layer == FEATURE_LAYER && branch == 0) {
          pool(task, local);
        }
      }
      @if(by_parts) if (shares) {
        workgroupBarrier();
        for (var r = 0u; r < ROWS; r++) {
          for (var c = 0u; c < COLUMNS; c++) {
            if (own_lane + c * PART_LANES < DIM_QUADS) {
              tile[tile_at(row_of(group, r), part * DIM_QUADS + own_lane + c * PART_LANES)] = z[r * COLUMNS + c];
            }
          }
        }
        workgroupBarrier();
        add_parts(task, local, branch, same);
      }
    }
  }
  storageBarrier();
}

/// Whether column c of a lane is one of a hidden layer's outputs.
fn holds(lane: u32, c: u32) -> bool {
  return lane + c * HIDDEN < WIDTH_QUADS;
}

/// Writes a hidden layer's activations to the tile.
fn keep_hidden(sums: ptr<function, Sums>, task: Task, layer: u32, group: u32, lane: u32) {
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      if (holds(lane, c)) {
        keep_quad((*sums)[r * COLUMNS + c], task, layer, row_of(group, r), lane + c * HIDDEN);
      }
    }
  }
}

fn keep_quad(z: vec4f, task: Task, layer: u32, row: u32, quad: u32) {
  tile[tile_at(row, quad)] = silu(z);
  @if(taped) if (task.first + row < task.trajectories) {
    tape[tape_hidden(layer, task.first + row, task.trajectories) + quad] = z;
  }
}

/// The last layer of a state of up to four numbers, a trajectory an invocation: by columns one lane would work, and all
/// others wait.
@if(by_row)
fn output_by_row(task: Task, local: u32, branch: u32, same: bool) {
  let matrix = matrix_start(LAYERS);
  for (var begin = 0u; begin < TILE; begin += INVOCATIONS) {
    let row = min(begin + local, TILE - 1);
    var z = start(LAYERS, 0, same);
    let quads = WIDTH_QUADS + select(u32(EMBEDDING_QUADS), 0, same);
    for (var quad = 0u; quad < turns_of(quads); quad++) {
      let a = tile[tile_at(row, quad)];
      let at = matrix + 4 * quad;
      z += a.x * weight_quad(at) + a.y * weight_quad(at + 1);
      z += a.z * weight_quad(at + 2) + a.w * weight_quad(at + 3);
    }
    if (begin + local < TILE && task.first + row < task.trajectories) {
      store_output(task, task.first + row, 0, branch, z);
    }
  }
}

/// Adds the parts of the output layer's sums, which lie beside each other in the tile, in their order.
@if(by_parts)
fn add_parts(task: Task, local: u32, branch: u32, same: bool) {
  for (var i = local; i < TILE * DIM_QUADS; i += INVOCATIONS) {
    let row = i / DIM_QUADS;
    let quad = i % DIM_QUADS;
    var sum = start(LAYERS, quad, same);
    for (var n = 0u; n < SPLIT; n++) {
      sum += tile[tile_at(row, n * DIM_QUADS + quad)];
    }
    if (task.first + row < task.trajectories) {
      store_output(task, task.first + row, quad, branch, sum);
    }
  }
}

/// Writes a part of c_in x, next to the embedding as a layer's matrix has them.
fn stage_states(task: Task, local: u32, begin: u32, count: u32) {
  workgroupBarrier();
  for (var i = local; i < TILE * count; i += INVOCATIONS) {
    let row = i / count;
    let quad = i % count;
    let x = state_quad(task.state, clamped(task.first + row, task.trajectories), begin + quad);
    tile[tile_at(row, WIDTH_QUADS - count + quad)] = scales[row].input * x;
  }
  workgroupBarrier();
}
