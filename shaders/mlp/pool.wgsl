import constants::WIDTH_QUADS;
@if(matrix) import package::mlp::matrix_tile::half_number;
import package::mlp::task::Task;
import package::mlp::tile::{ INVOCATIONS, TILE, tile, tile_at };

// The hidden features that predictors read.

@group(0) @binding(8) var<storage, read_write> features: array<f32>; // [trajectories, FEATURES]

const FEATURES = 64u;

/// The activations that a feature is the mean of: contiguous ones, the same for several where the layer is narrower.
fn pooled_from(feature: u32) -> u32 {
  return feature * 4 * WIDTH_QUADS / FEATURES;
}

fn pooled_to(feature: u32) -> u32 {
  return max(pooled_from(feature) + 1, pooled_from(feature + 1));
}

/// Writes the features of the tile.
fn pool(task: Task, local: u32) {
  for (var i = local; i < TILE * FEATURES && task.first + i / FEATURES < task.trajectories; i += INVOCATIONS) {
    let row = i / FEATURES;
    let feature = i % FEATURES;
    let begin = pooled_from(feature);
    let end = pooled_to(feature);
    var sum = 0.0;
    for (var n = begin; n < end; n++) {
      sum += activation(row, n);
    }
    features[(task.first + row) * FEATURES + feature] = sum / f32(end - begin);
  }
}

fn activation(row: u32, n: u32) -> f32 {
  @if(matrix) return half_number(row, n);
  @if(!matrix) return tile[tile_at(row, n / 4)][n % 4];
}
