// J^T W J and J^T W e of a batch, J the differences of end points to those of parameters moved by `step`: a block of 4 x 4
// sums a workgroup, whose lanes share out the numbers of the end points. The error e is a column behind those of J.
import package::train::lanes::LANES;

struct Normal {
  parameters: u32,
  dim: u32,
  rows: u32, // numbers of the end points of one plan, in vec4
  step: f32,
}

@group(0) @binding(3) var<uniform> operation: Normal;
@group(0) @binding(5) var<storage, read> targets: array<vec4f>; // [rows]
@group(0) @binding(7) var<storage, read_write> sums: array<f32>; // [parameters + 1, parameters + 1], the lower half
@group(0) @binding(8) var<storage, read> slopes: array<f32>; // [trajectories]: of the loss to |e|^2, half of W
@group(0) @binding(9) var<storage, read> ends: array<vec4f>; // [parameters + 1, rows]: of the parameters, then of each moved

var<workgroup> shares: array<array<vec4f, 4>, LANES>;

@compute @workgroup_size(LANES)
fn normal_equations(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) local: u32) {
  if (tile.y > tile.x) {
    return;
  }
  var own: array<vec4f, 4>;
  for (var row = local; row < operation.rows; row += LANES) {
    let end = ends[row];
    let error = end - targets[row];
    let weight = weight_of(row);
    let left = columns_of(4 * tile.x, row, end, error);
    let right = columns_of(4 * tile.y, row, end, error);
    for (var i = 0u; i < 4; i++) {
      let weighted = weight * left[i];
      let products = vec2f(dot(weighted, right[0]), dot(weighted, right[1]));
      own[i] += vec4f(products, dot(weighted, right[2]), dot(weighted, right[3]));
    }
  }
  shares[local] = own;
  for (var half = LANES / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) {
      for (var i = 0u; i < 4; i++) {
        shares[local][i] += shares[local + half][i];
      }
    }
  }
  workgroupBarrier();
  let p = 4 * tile.x + local / 4;
  let q = 4 * tile.y + local % 4;
  if (local < 16 && p <= operation.parameters && q <= operation.parameters) {
    sums[p * (operation.parameters + 1) + q] = shares[0][local / 4][local % 4];
  }
}

/// Four columns of J, or the error, at four numbers of the end points.
fn columns_of(first: u32, row: u32, end: vec4f, error: vec4f) -> array<vec4f, 4> {
  var columns: array<vec4f, 4>;
  for (var i = 0u; i < 4; i++) {
    let p = first + i;
    let moved = ends[(min(p, operation.parameters - 1) + 1) * operation.rows + row];
    let beyond = select(vec4f(0), error, p == operation.parameters);
    columns[i] = select(beyond, (moved - end) / operation.step, p < operation.parameters);
  }
  return columns;
}

/// W at four numbers of the end points, which may be of several trajectories.
fn weight_of(row: u32) -> vec4f {
  let at = (4 * row + vec4u(0, 1, 2, 3)) / operation.dim;
  return 2 * vec4f(slopes[at.x], slopes[at.y], slopes[at.z], slopes[at.w]);
}
