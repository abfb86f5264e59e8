// The gradient to columns that all trajectories share: each column's sum, in a fixed order. A workgroup a column.
import package::train::lanes::{ LANES, summed };

@group(0) @binding(0) var<storage, read> column_gradient: array<f32>; // [columns, trajectories]
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // [columns]

@compute @workgroup_size(LANES)
fn column_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let trajectories = arrayLength(&column_gradient) / arrayLength(&sums);
  var sum = 0.0;
  for (var i = local; i < trajectories; i += LANES) {
    sum += column_gradient[group.x * trajectories + i];
  }
  let total = summed(sum, local);
  if (local == 0) {
    sums[group.x] = total;
  }
}
