import constants::{ EMBEDDING_QUADS, GROUPS, ROWS, WIDTH_QUADS };
import package::mlp::weights::weight_quad;

/// The trajectories of a workgroup: GROUPS groups of ROWS; an invocation takes all rows of its group.
const TILE = ROWS * GROUPS;
/// A row of the tile: the activations of one layer, then the time embedding.
const ROW_QUADS = WIDTH_QUADS + EMBEDDING_QUADS;

/// This invocation's place in its subgroup; entry points set it.
@if(broadcast) var<private> subgroup_lane: u32;

var<workgroup> tile: array<vec4f, TILE * ROW_QUADS>;

/// sums[r] += (columns [column, column + quads) of tile row `row + r`) times a matrix whose rows have `stride` vec4;
/// `matrix` is where this invocation's column of vec4 starts in it. All rows of a group share each load.
/// Where it does not `work`, the sums become anything.
///
/// On a software adapter loading a number that all invocations need costs as much as loading one for each. There
/// (`broadcast`) each lane of a subgroup loads another row, and the lanes tell each other.
fn multiply(sums: ptr<function, array<vec4f, ROWS>>, works: bool, row: u32, column: u32, quads: u32, matrix: u32, stride: u32) {
  @if(!broadcast) if (!works) {
    return;
  }
  for (var k = 0u; k < quads; k++) {
    let at = matrix + 4 * k * stride;
    let w0 = weight_quad(at);
    let w1 = weight_quad(at + stride);
    let w2 = weight_quad(at + 2 * stride);
    let w3 = weight_quad(at + 3 * stride);
    @if(!broadcast) for (var r = 0u; r < ROWS; r++) {
      add_product(sums, r, tile[(row + r) * ROW_QUADS + column + k], w0, w1, w2, w3);
    }
    @if(broadcast) for (var r = 0u; r < ROWS; r += 8) {
      let own = tile[(row + r + subgroup_lane % 8) * ROW_QUADS + column + k];
      add_product(sums, r, subgroupBroadcast(own, 0), w0, w1, w2, w3);
      add_product(sums, r + 1, subgroupBroadcast(own, 1), w0, w1, w2, w3);
      add_product(sums, r + 2, subgroupBroadcast(own, 2), w0, w1, w2, w3);
      add_product(sums, r + 3, subgroupBroadcast(own, 3), w0, w1, w2, w3);
      add_product(sums, r + 4, subgroupBroadcast(own, 4), w0, w1, w2, w3);
      add_product(sums, r + 5, subgroupBroadcast(own, 5), w0, w1, w2, w3);
      add_product(sums, r + 6, subgroupBroadcast(own, 6), w0, w1, w2, w3);
      add_product(sums, r + 7, subgroupBroadcast(own, 7), w0, w1, w2, w3);
    }
  }
}

fn add_product(sums: ptr<function, array<vec4f, ROWS>>, r: u32, a: vec4f, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) {
  (*sums)[r] += a.x * w0 + a.y * w1 + a.z * w2 + a.w * w3;
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
