import constants::{ EMBEDDING_QUADS, GROUPS, ROWS, WIDTH_QUADS };

/// The trajectories of a workgroup: GROUPS groups of ROWS; an invocation takes all rows of its group.
const TILE = ROWS * GROUPS;
/// A row of the tile: the activations of one layer, then the time embedding.
const ROW_QUADS = WIDTH_QUADS + EMBEDDING_QUADS;

var<workgroup> tile: array<vec4f, TILE * ROW_QUADS>;

/// A network's parameters, or their transposed matrices, as rows of vec4.
@group(0) @binding(4) var<storage, read> weights: array<vec4f>;

/// sums[r] += (columns [column, column + quads) of tile row `row + r`) times a matrix whose rows have `stride` vec4;
/// `matrix` is where this invocation's column of vec4 starts in it. All rows of a group share each load.
fn multiply(sums: ptr<function, array<vec4f, ROWS>>, row: u32, column: u32, quads: u32, matrix: u32, stride: u32) {
  for (var k = 0u; k < quads; k++) {
    let at = matrix + 4 * k * stride;
    let w0 = weights[at];
    let w1 = weights[at + stride];
    let w2 = weights[at + 2 * stride];
    let w3 = weights[at + 3 * stride];
    for (var r = 0u; r < ROWS; r++) {
      let a = tile[(row + r) * ROW_QUADS + column + k];
      (*sums)[r] += a.x * w0 + a.y * w1 + a.z * w2 + a.w * w3;
    }
  }
}

/// The first row of an invocation's group. With one group it is known to be 0, which lets compilers see that all
/// invocations read the same activations.
fn group_row(local: u32, lanes: u32) -> u32 {
  return select(local / lanes * ROWS, 0, GROUPS == 1);
}

/// A trajectory of a tile; past the end, the last one again.
fn clamped(index: u32, trajectories: u32) -> u32 {
  return min(index, trajectories - 1);
}

/// How many rows of the group from trajectory `first` on are in use; the others hold anything.
fn rows_from(first: u32, trajectories: u32) -> u32 {
  return min(u32(ROWS), trajectories - min(first, trajectories));
}
