import package::batch::dispatch::linear_index;
import package::tangent::tangent::{ shifted, SLOPES, tangent };

/// Columns that are first read between two evaluations.
struct Columns {
  first: u32,
  count: u32,
  trajectories: u32,
  answers: u32, // how many moves are answered by now
  tangent_width: u32,
  shared_weights: u32, // where the shared moves stand in the weights
}

@group(0) @binding(1) var<storage, read_write> columns: array<f32>; // [columns, trajectories]
@group(0) @binding(3) var<uniform> operation: Columns;
@group(0) @binding(6) var<storage, read_write> answers: array<f32>; // [3 evaluations, trajectories]
@group(0) @binding(10) var<storage, read_write> base: array<f32>; // [columns], as all trajectories have them

// From the moves of each trajectory to its columns, one number an invocation; 8 bytes read per move.
@compute @workgroup_size(64)
fn moved_columns(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64);
  if (i >= operation.count * operation.trajectories) {
    return;
  }
  let column = operation.first + i / operation.trajectories;
  let trajectory = i % operation.trajectories;
  let row = column * operation.tangent_width;
  var shift = 0.0;
  for (var j = 0u; j < operation.answers; j++) {
    shift += tangent[row + SLOPES + j] * answers[j * operation.trajectories + trajectory];
  }
  columns[column * operation.trajectories + trajectory] = shifted(base[column], tangent[row + 1] != 0, shift);
}
