// The gradient to the shift of each column, summed over the trajectories in a fixed order: what moves for all of them
// is pulled by that. A workgroup a column.
import package::batch::lanes::{ LANES, summed };
import package::tangent::tangent::{ shift_slope, tangent };

@group(0) @binding(1) var<storage, read> columns: array<f32>; // [columns, trajectories]
@group(0) @binding(4) var<storage, read_write> column_gradient: array<f32>; // as the columns
@group(0) @binding(5) var<storage, read_write> sums: array<f32>; // [columns]

@compute @workgroup_size(LANES)
fn column_sums(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let trajectories = arrayLength(&column_gradient) / arrayLength(&sums);
  let row = group.x * (arrayLength(&tangent) / arrayLength(&sums));
  var sum = 0.0;
  for (var b = local; b < trajectories; b += LANES) {
    let i = group.x * trajectories + b;
    sum += column_gradient[i] * shift_slope(row, columns[i]);
  }
  let total = summed(sum, local);
  if (local == 0) {
    sums[group.x] = total;
  }
}
