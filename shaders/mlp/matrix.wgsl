// A small network over a tile of trajectories by matrix units (tensor cores), through all layers: weights and activations
// are float16, every sum float32. src/mlp/matrix-tile.ts chooses the numbers.
//
// ACROSS x DOWN subgroups; each keeps BANDS x SPANS blocks of UNIT_M trajectories x UNIT_N outputs in registers, so that a
// block of weights that it loads serves BANDS x UNIT_M trajectories, and a block of activations SPANS x UNIT_N outputs.
// Weights come out of the caches, activations out of workgroup memory. Blocks of sums have no elements that WGSL can name:
// what is done to each goes through workgroup memory, a band at a time.
import constants::{
  ACROSS, BANDS, DIM, DIM_QUADS, EMBEDDING_QUADS, FEATURE_LAYER, LAYERS, SPANS, SUBGROUP, UNIT_K, UNIT_M, UNIT_N, WIDTH_QUADS,
};
import package::batch::matrix_units::{
  row_major, subgroup_matrix_left, subgroup_matrix_result, subgroup_matrix_right, subgroupMatrixLoad,
  subgroupMatrixMultiplyAccumulate, subgroupMatrixStore,
};
import package::mlp::activation::silu;
import package::mlp::conditioning::{ embed, shift, shifted };
import package::mlp::matrix_tile::{ activations, half_quad, HALF_STRIDE, put_halves };
@if(features) import package::mlp::pool::pool;
import package::mlp::shape::{ input_quads, matrix_start, output_quads };
import package::mlp::states::state_quad;
import package::mlp::task::{ BRANCHES, same_label, scales, store_output, Task };
import package::mlp::tile::{ clamped, INVOCATIONS, TILE };
import package::mlp::weights::{ turns_of, weight_quad };

/// The weights once more, number by number.
@group(0) @binding(13) var<storage, read> matrices: array<f16>;

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Sum = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;
/// Block (b, s) is number b * SPANS + s.
alias Sums = array<Sum, BANDS * SPANS>;

const WIDTH = u32(4 * WIDTH_QUADS);
const SUBGROUPS = u32(INVOCATIONS / SUBGROUP);
/// Numbers of a block of sums.
const BLOCK = u32(UNIT_M * UNIT_N);

/// A band of each subgroup's sums: what matrix units computed, for all to read.
var<workgroup> staged: array<f32, SUBGROUPS * SPANS * BLOCK>;

/// Writes what the network answers for the tile to its output slot, by `scales`, which must be there.
fn run_layers(task: Task, local: u32) {
  let band = local / SUBGROUP / ACROSS * BANDS;
  let span = local / SUBGROUP % ACROSS * SPANS;
  @if(together) let same = true;
  @if(!together) let same = task.same && same_label();
  for (var branch = 0u; branch < BRANCHES; branch++) {
    workgroupBarrier();
    embed(task, local, branch, same);
    workgroupBarrier();
    shift(0, local, same);
    var sums = Sums();
    for (var layer = 0u; layer < turns_of(LAYERS); layer++) {
      @if(!residual) sums = Sums();
      let inputs = input_quads(layer);
      // States may have more numbers than the hidden layers are wide.
      for (var begin = 0u; begin < inputs; begin += WIDTH_QUADS) {
        let count = min(WIDTH_QUADS, inputs - begin);
        let steps = (4 * count + UNIT_K - 1) / UNIT_K;
        if (layer == 0) {
          stage_states(task, local, begin, count, steps * UNIT_K / 4);
        }
        let embeds = !same && begin + count == inputs;
        let matrix = 4 * (matrix_start(layer) + 4 * begin * WIDTH_QUADS) + span * UNIT_N;
        // The embedding stands behind a whole row of activations, and in the matrix right behind the inputs.
        let gap = WIDTH - UNIT_K * steps;
        let overlap = UNIT_K * steps - 4 * count;
        for (var k = 0u; k < turns_of(steps + select(0u, u32(4 * EMBEDDING_QUADS) / UNIT_K, embeds)); k++) {
          let column = UNIT_K * k + select(0u, gap, k >= steps);
          let row = UNIT_K * k - select(0u, overlap, k >= steps);
          var rights = array<Right, SPANS>();
          for (var s = 0u; s < SPANS; s++) {
            rights[s] = subgroupMatrixLoad<Right, row_major>(&matrices, matrix + row * WIDTH + s * UNIT_N, WIDTH);
          }
          for (var b = 0u; b < BANDS; b++) {
            let at = (band + b) * UNIT_M * HALF_STRIDE + column;
            let left = subgroupMatrixLoad<Left, row_major>(&activations, at, HALF_STRIDE);
            for (var s = 0u; s < SPANS; s++) {
              sums[b * SPANS + s] = subgroupMatrixMultiplyAccumulate(left, rights[s], sums[b * SPANS + s]);
            }
          }
        }
        workgroupBarrier();
      }
      for (var b = 0u; b < BANDS; b++) {
        let own = local / SUBGROUP * SPANS * BLOCK;
        stage_band(&sums, b, own);
        workgroupBarrier();
        for (var i = local % SUBGROUP; i < SPANS * BLOCK / 4; i += SUBGROUP) {
          let row = (band + b) * UNIT_M + 4 * i % BLOCK / UNIT_N;
          let quad = ((span + 4 * i / BLOCK) * UNIT_N + 4 * i % UNIT_N) / 4;
          put_halves(row, quad, silu(staged_quad(own + 4 * i) + shifted(layer, quad)));
        }
        workgroupBarrier();
      }
      shift(layer + 1, local, same);
      @if(features) if (layer == FEATURE_LAYER && branch == 0) {
        pool(task, local);
      }
      workgroupBarrier();
    }
    answer(task, local, branch, same);
  }
  storageBarrier();
}

/// Stores one band of a subgroup's sums. In loops as small as these, which are unrolled for certain, blocks have known
/// numbers: where one is looked up, NVK keeps all of them in memory, also where they are added to.
fn stage_band(sums: ptr<function, Sums>, band: u32, own: u32) {
  for (var b = 0u; b < BANDS; b++) {
    if (b == band) {
      for (var s = 0u; s < SPANS; s++) {
        subgroupMatrixStore<row_major>(&staged, own + s * BLOCK, (*sums)[b * SPANS + s], UNIT_N);
      }
    }
  }
}

fn staged_quad(at: u32) -> vec4f {
  return vec4f(staged[at], staged[at + 1], staged[at + 2], staged[at + 3]);
}

/// Writes `count` quads of c_in x, and zeros up to `padded` of them, by which the weights behind are multiplied.
fn stage_states(task: Task, local: u32, begin: u32, count: u32, padded: u32) {
  for (var i = local; i < TILE * padded; i += INVOCATIONS) {
    let row = i / padded;
    let quad = i % padded;
    let x = state_quad(task.state, clamped(task.first + row, task.trajectories), begin + min(quad, count - 1));
    put_halves(row, quad, select(vec4f(0), scales[row].input * x, quad < count));
  }
  workgroupBarrier();
}

/// The output layer: as many blocks at a time as there are subgroups.
@if(matrix_output)
fn answer(task: Task, local: u32, branch: u32, same: bool) {
  const STRIDE = 4 * DIM_QUADS;
  const BESIDE = (STRIDE + UNIT_N - 1) / UNIT_N;
  const BLOCKS = TILE / UNIT_M * BESIDE;
  let matrix = 4 * matrix_start(LAYERS);
  let own = local / SUBGROUP * BLOCK;
  for (var begin = 0u; begin < BLOCKS; begin += SUBGROUPS) {
    // Subgroups that have none left do the last one again: all take part in every product.
    let turn = min(begin + local / SUBGROUP, BLOCKS - 1);
    let row = turn / BESIDE * UNIT_M;
    let column = turn % BESIDE * UNIT_N;
    var sum = Sum();
    for (var k = 0u; k < turns_of(WIDTH + select(0u, u32(4 * EMBEDDING_QUADS), !same)); k += UNIT_K) {
      let left = subgroupMatrixLoad<Left, row_major>(&activations, row * HALF_STRIDE + k, HALF_STRIDE);
      let right = subgroupMatrixLoad<Right, row_major>(&matrices, matrix + k * STRIDE + column, STRIDE);
      sum = subgroupMatrixMultiplyAccumulate(left, right, sum);
    }
    subgroupMatrixStore<row_major>(&staged, own, sum, UNIT_N);
    workgroupBarrier();
    for (var i = local % SUBGROUP; i < BLOCK / 4; i += SUBGROUP) {
      let trajectory = task.first + row + 4 * i / UNIT_N;
      let quad = (column + 4 * i % UNIT_N) / 4;
      if (trajectory < task.trajectories && quad < DIM_QUADS) {
        store_output(task, trajectory, quad, branch, staged_quad(own + 4 * i) + shifted(LAYERS, quad));
      }
    }
    workgroupBarrier();
  }
}

/// The output layer of states whose rows of weights do not begin on multiples of 16 bytes: four outputs an invocation.
@if(!matrix_output)
fn answer(task: Task, local: u32, branch: u32, same: bool) {
  for (var i = local; i < TILE * DIM_QUADS; i += INVOCATIONS) {
    let row = i / DIM_QUADS;
    let quad = i % DIM_QUADS;
    var z = shifted(LAYERS, quad);
    for (var k = 0u; k < turns_of(WIDTH_QUADS + select(0u, u32(EMBEDDING_QUADS), !same)); k++) {
      let a = half_quad(row, k);
      let at = matrix_start(LAYERS) + 4 * k * DIM_QUADS + quad;
      z += a.x * weight_quad(at) + a.y * weight_quad(at + DIM_QUADS);
      z += a.z * weight_quad(at + 2 * DIM_QUADS) + a.w * weight_quad(at + 3 * DIM_QUADS);
    }
    if (task.first + row < task.trajectories) {
      store_output(task, task.first + row, quad, branch, z);
    }
  }
}
