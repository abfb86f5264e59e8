// Products by weights that wait in workgroup memory: STAGED quads of inputs at a time, for all rows of the tile, whatever its
// groups. While one chunk is multiplied the next one is on its way into registers, so that nobody waits for memory further
// off. Two barriers a chunk.
// It is for GPUs whose second cache limits tile.wgsl: there 16 trajectories read all weights, 3.2 TB/s at 25.9 TFLOP/s on an
// H100; staged, a weight is loaded once for all rows of the tile, 16 or 32. It has not been timed there. On lavapipe staging
// did not help.
import constants::{ COLUMNS, ROWS, STAGED, WIDTH_QUADS };
import package::mlp::tile::{ add_product, INVOCATIONS, row_of, Sums, tile, tile_at };
import package::mlp::weights::{ turns_of, weight_quad };

/// What a product takes of a layer's matrix. All of it is the same for all invocations.
struct Factor {
  start: u32, // where the first row of the first part is, at the first column
  stride: u32, // from one row to the next
  columns: u32, // vec4 of a row that are needed
  parts: u32, // of the inputs, side by side in the stage
  size: u32, // quads of inputs of a part
}

/// What an invocation does of it.
struct Share {
  part: u32,
  lane: u32, // its first column, and the distance to the second
  apart: u32,
  group: u32,
  column: u32, // of the tile, where its part begins
}

const CHUNK_ROWS = 4 * STAGED;
/// Vec4 that an invocation brings.
const BROUGHT = (CHUNK_ROWS * WIDTH_QUADS + INVOCATIONS - 1) / INVOCATIONS;

var<workgroup> stage: array<vec4f, CHUNK_ROWS * WIDTH_QUADS>;

/// sums += the group's rows times the factor. Called by all invocations.
fn multiply_staged(sums: ptr<function, Sums>, factor: Factor, share: Share, local: u32) {
  var places = array<u32, BROUGHT>();
  var next = array<vec4f, BROUGHT>();
  let rows = CHUNK_ROWS * factor.parts;
  for (var n = 0u; n < BROUGHT; n++) {
    let i = min(local + n * INVOCATIONS, rows * factor.columns - 1);
    let row = i / factor.columns;
    let part = row / CHUNK_ROWS;
    places[n] = factor.start + (4 * part * factor.size + row % CHUNK_ROWS) * factor.stride + i % factor.columns;
    next[n] = weight_quad(places[n]);
  }
  let own = share.part * CHUNK_ROWS * factor.columns;
  let first = own + min(share.lane, factor.columns - 1);
  @if(pair) let second = own + min(share.lane + share.apart, factor.columns - 1);
  for (var begin = 0u; begin < turns_of(factor.size); begin += STAGED) {
    workgroupBarrier();
    for (var n = 0u; n < BROUGHT; n++) {
      let i = local + n * INVOCATIONS;
      if (i < rows * factor.columns) {
        stage[i] = next[n];
      }
    }
    workgroupBarrier();
    // There is no chunk behind the last one.
    let ahead = select(begin + STAGED, 0, begin + STAGED >= factor.size);
    for (var n = 0u; n < BROUGHT; n++) {
      next[n] = weight_quad(places[n] + 4 * ahead * factor.stride);
    }
    for (var k = 0u; k < turns_of(min(u32(STAGED), factor.size - begin)); k++) {
      let at = 4 * k * factor.columns;
      let w0 = stage[first + at];
      let w1 = stage[first + at + factor.columns];
      let w2 = stage[first + at + 2 * factor.columns];
      let w3 = stage[first + at + 3 * factor.columns];
      @if(pair) let v0 = stage[second + at];
      @if(pair) let v1 = stage[second + at + factor.columns];
      @if(pair) let v2 = stage[second + at + 2 * factor.columns];
      @if(pair) let v3 = stage[second + at + 3 * factor.columns];
      for (var r = 0u; r < ROWS; r++) {
        let a = tile[tile_at(row_of(share.group, r), share.column + begin + k)];
        add_product(sums, r * COLUMNS, a, w0, w1, w2, w3);
        @if(pair) add_product(sums, r * COLUMNS + 1, a, v0, v1, v2, v3);
      }
    }
  }
}
