// A column of what normal equations are made of, for one number that was moved or for the errors: how much each number of
// the end points differs by, times the root of its trajectory's weight; and the unit in which these are whole numbers. A
// workgroup a column; 12 bytes read and 4 written per number, of which two columns are the same for all.
import package::batch::lanes::LANES;
import package::distill::loss::{ operation, slopes, slots, targets };
import package::distill::whole::{ LARGEST, units };

@group(0) @binding(1) var<storage, read_write> columns: array<f32>; // [trajectories, dim, columns], in whole fours

/// The bits of the column's largest, which are in the order of what they stand for.
var<workgroup> largest: atomic<u32>;

@compute @workgroup_size(LANES)
fn derivatives(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let count = operation.trajectories * operation.dim;
  let column = group.x;
  let errors = column + 1 == arrayLength(&units);
  let stride = arrayLength(&columns) / count;
  let moved = (column + 1) * count;
  var most = 0.0;
  for (var i = local; i < count; i += LANES) {
    let own = slots[i];
    var difference = 0.0;
    if (errors) {
      difference = own - targets[i];
    } else {
      difference = slots[moved + i] - own;
    }
    // The slope is to the squared error, of which the gradient is twice it times the error.
    let value = sqrt(2 * slopes[i / operation.dim]) * difference;
    columns[i * stride + column] = value;
    most = max(most, abs(value));
  }
  atomicMax(&largest, bitcast<u32>(most));
  workgroupBarrier();
  if (local == 0) {
    units[column] = bitcast<f32>(atomicLoad(&largest)) / LARGEST;
  }
}
