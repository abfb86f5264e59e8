import constants::{ DIM_QUADS, EMBEDDING_QUADS, LAYERS, WIDTH_QUADS };
import package::mlp::embedding::waves;
import package::mlp::labels::label_quad;
@if(matrix) import package::mlp::matrix_tile::put_halves;
import package::mlp::shape::{ input_quads, matrix_start, output_quads, tape_embedding };
@if(taped) import package::mlp::tape::tape;
import package::mlp::task::{ scales, Task };
import package::mlp::tile::{ clamped, INVOCATIONS, TILE, tile, tile_at };
import package::mlp::weights::{ turns_of, weight_quad };

// The noise level and the label of the tile's trajectories, and what they add to the layers.

/// Where one time embedding does for all trajectories: what it and the bias add to the outputs of a layer, those of even
/// layers first, then those of odd ones. One is made while the other is still read.
var<workgroup> shifts: array<vec4f, 2 * SHIFT>;
const SHIFT = max(u32(WIDTH_QUADS), DIM_QUADS);

/// The time embedding that does for all, where the tile's rows have no room for it.
@if(together || matrix) var<workgroup> embedding: array<vec4f, EMBEDDING_QUADS>;

/// Writes the time embedding of the tile, and what the label adds to it; of its first row where one does for all.
fn embed(task: Task, local: u32, branch: u32, same: bool) {
  const HALF = EMBEDDING_QUADS / 2;
  for (var i = local; i < select(u32(TILE * HALF), HALF, same); i += INVOCATIONS) {
    let row = i / HALF;
    let quad = i % HALF;
    let wave = waves(quad, scales[row].noise);
    var cosines = wave.cosines;
    var sines = wave.sines;
    @if(labelled) cosines += label_quad(clamped(task.first + row, task.trajectories), branch, quad);
    @if(labelled) sines += label_quad(clamped(task.first + row, task.trajectories), branch, HALF + quad);
    @if(together || matrix) if (same) {
      embedding[quad] = cosines;
      embedding[quad + HALF] = sines;
    }
    @if(matrix && !together) if (!same) {
      put_halves(row, WIDTH_QUADS + quad, cosines);
      put_halves(row, WIDTH_QUADS + HALF + quad, sines);
    }
    @if(!together && !matrix) {
      let at = tile_at(row, WIDTH_QUADS + quad);
      tile[at] = cosines;
      tile[at + HALF] = sines;
    }
    @if(taped) {
      // A tape has the embedding of each trajectory.
      for (var n = row; n < select(row + 1, u32(TILE), same) && task.first + n < task.trajectories; n++) {
        let kept = tape_embedding(task.first + n, task.trajectories) + quad;
        tape[kept] = cosines;
        tape[kept + HALF] = sines;
      }
    }
  }
}

/// A vec4 of the embedding that does for all trajectories.
fn embedding_quad(quad: u32) -> vec4f {
  @if(together || matrix) return embedding[quad];
  @if(!together && !matrix) return tile[tile_at(0, WIDTH_QUADS + quad)];
}

/// Writes what the bias adds to a layer's outputs and, where one does for all trajectories, the embedding.
fn shift(layer: u32, local: u32, same: bool) {
  let stride = output_quads(layer);
  for (var quad = local; quad < stride; quad += INVOCATIONS) {
    let times = matrix_start(layer) + 4 * input_quads(layer) * stride + quad;
    var sum = weight_quad(times + 4 * EMBEDDING_QUADS * stride);
    // Matrix units add up all hidden layers of a residual network, without what is added here.
    @if(matrix && residual) if (layer > 0 && layer < LAYERS) {
      sum += shifted(layer - 1, quad);
    }
    for (var k = 0u; k < turns_of(select(0u, u32(EMBEDDING_QUADS), same)); k++) {
      let e = embedding_quad(k);
      let at = times + 4 * k * stride;
      sum += e.x * weight_quad(at) + e.y * weight_quad(at + stride);
      sum += e.z * weight_quad(at + 2 * stride) + e.w * weight_quad(at + 3 * stride);
    }
    shifts[layer % 2 * SHIFT + quad] = sum;
  }
}

/// Four numbers of what `shift` wrote.
fn shifted(layer: u32, quad: u32) -> vec4f {
  return shifts[layer % 2 * SHIFT + quad];
}

/// What four outputs of a layer start from: the bias, and the embedding's part where one does for all.
fn start(layer: u32, quad: u32, same: bool) -> vec4f {
  if (same) {
    return shifted(layer, quad);
  }
  return weight_quad(matrix_start(layer) + 4 * (input_quads(layer) + EMBEDDING_QUADS) * output_quads(layer) + quad);
}
