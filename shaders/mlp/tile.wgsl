// The trajectories of a workgroup and who does what with them. src/mlp/tile.ts chooses the numbers.
//
// GROUPS groups of ROWS trajectories; LANES lanes, each with COLUMNS vec4 of a layer's outputs. Every invocation is a
// lane of a group: it keeps ROWS x COLUMNS vec4 of sums in registers, so that a weight it loads serves ROWS trajectories
// and an activation COLUMNS vec4. BLOCK lanes of all groups lie next to each other: with BLOCK x GROUPS = 32 the
// invocations of a subgroup share BLOCK neighbouring vec4 of weights and GROUPS neighbouring rows of activations, and
// each of their loads is of 128 bytes at most.
//
// Loads of weights limit it. On an H100 a kernel for comparison with this tile (layers, biases and SiLU alone,
// 64-256-256-256-64) ran at 25.9 TFLOP/s by 8 rows x 2 groups and two columns, which takes 3.2 TB/s of weights out of the
// second cache, and at 18.4 by 8 x 4 and one column. The kernels themselves were far below that while sums were indexed in
// loops and at two places, most likely because sums were in memory. On lavapipe what a loop with a barrier around it loads
// goes through memory: 43 % of the time were weights, 17 % activations. lanes/rows.wgsl has no barriers.
import constants::{ BLOCK, COLUMNS, EMBEDDING_QUADS, GROUPS, HIDDEN, LANES, ROWS, WIDTH_QUADS };
import package::mlp::weights::{ turns_of, weight_quad };

const INVOCATIONS = LANES * GROUPS;
const TILE = ROWS * GROUPS;
/// A row of the tile: the activations of one layer, then, unless one does for all, the time embedding.
@if(together) const ROW_QUADS = u32(WIDTH_QUADS);
@if(!together) const ROW_QUADS = u32(WIDTH_QUADS + EMBEDDING_QUADS);
/// From a row to the next: odd, so that the rows that a subgroup reads at once lie in different banks.
const ROW_STRIDE = select(ROW_QUADS, ROW_QUADS | 1u, GROUPS > 1);

var<workgroup> tile: array<vec4f, TILE * ROW_STRIDE>;

/// Sum c of row r is number r * COLUMNS + c.
alias Sums = array<vec4f, ROWS * COLUMNS>;
/// The vec4 of a matrix's row that an invocation takes.
alias Columns = array<u32, COLUMNS>;

fn lane_of(local: u32) -> u32 {
  return local / (BLOCK * GROUPS) * BLOCK + local % BLOCK;
}

/// With one group it is known to be 0, which lets compilers see that all invocations read the same activations.
fn group_of(local: u32) -> u32 {
  return select(local / BLOCK % GROUPS, 0, GROUPS == 1);
}

/// The n-th row of a group.
fn row_of(group: u32, n: u32) -> u32 {
  return group + n * GROUPS;
}

/// Where number `quad` of a row of the tile is.
fn tile_at(row: u32, quad: u32) -> u32 {
  return row * ROW_STRIDE + quad;
}

/// sums += (columns [column, column + quads) of the group's rows) times a matrix whose rows have `stride` vec4 and which
/// starts at `matrix`. All rows of a group share each load of a weight. Where it does not `work`, the sums stay.
fn multiply(sums: ptr<function, Sums>, works: bool, group: u32, column: u32, quads: u32, matrix: u32, stride: u32, columns: Columns) {
  if (!works) {
    return;
  }
  let first = matrix + columns[0];
  @if(pair) let second = matrix + columns[1];
  for (var k = 0u; k < turns_of(quads); k++) {
    let at = 4 * k * stride;
    let w0 = weight_quad(first + at);
    let w1 = weight_quad(first + at + stride);
    let w2 = weight_quad(first + at + 2 * stride);
    let w3 = weight_quad(first + at + 3 * stride);
    @if(pair) let v0 = weight_quad(second + at);
    @if(pair) let v1 = weight_quad(second + at + stride);
    @if(pair) let v2 = weight_quad(second + at + 2 * stride);
    @if(pair) let v3 = weight_quad(second + at + 3 * stride);
    for (var r = 0u; r < ROWS; r++) {
      let a = tile[tile_at(row_of(group, r), column + k)];
      add_product(sums, r * COLUMNS, a, w0, w1, w2, w3);
      @if(pair) add_product(sums, r * COLUMNS + 1, a, v0, v1, v2, v3);
    }
  }
}

/// A chain, of which each link is one multiply-add on hardware; a sum of products would need an addition more.
fn add_product(sums: ptr<function, Sums>, n: u32, a: vec4f, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) {
  var sum = (*sums)[n];
  sum += a.x * w0;
  sum += a.y * w1;
  sum += a.z * w2;
  sum += a.w * w3;
  (*sums)[n] = sum;
}

/// A trajectory of a tile; past the end, the last one again.
fn clamped(index: u32, trajectories: u32) -> u32 {
  return min(index, trajectories - 1);
}

/// Writes the sums of a hidden layer's outputs to the tile, as they are. What they become is then for all invocations to
/// do, an element at a time: loops over sums have to be as small as this one to be unrolled for certain.
fn put_sums(sums: ptr<function, Sums>, group: u32, lane: u32) {
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      if (lane + c * HIDDEN < WIDTH_QUADS) {
        tile[tile_at(row_of(group, r), lane + c * HIDDEN)] = (*sums)[r * COLUMNS + c];
      }
    }
  }
}
