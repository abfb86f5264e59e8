import constants::WIDTH_QUADS;
@if(matrix) import package::mlp::matrix_tile::half_number;
import package::mlp::task::Task;
import package::mlp::tile::{ INVOCATIONS, TILE, tile, tile_at };

// The hidden features that predictors read.

@group(0) @binding(8) var<storage, read_write> features: array<f32>; // [trajectories, FEATURES]

const FEATURES = 64u;

/// Means of contiguous groups of a layer's activations, FEATURES of them; repeated ones where the layer is narrower.
fn pool(task: Task, local: u32) {
  const WIDTH = 4 * WIDTH_QUADS;
  for (var i = local; i < TILE * FEATURES && task.first + i / FEATURES < task.trajectories; i += INVOCATIONS) {
    let row = i / FEATURES;
    let feature = i % FEATURES;
    let begin = feature * WIDTH / FEATURES;
    let end = max(begin + 1, (feature + 1) * WIDTH / FEATURES);
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
