// Networks on software adapters whose lanes can tell each other what they load, as in batch/subgroup.wgsl: a lane takes ROWS
// trajectories through all layers by itself, and the eight lanes of a subgroup share nothing but the weights.
//
// So no invocation ever waits for another. lavapipe makes loops that have a barrier anywhere around them twice as slow: what
// a load brings then goes through memory, number by number. A workgroup goes on to another tile when it is done with one.
// A turn of `multiply` loads 32 vec4 of weights for 8 ROWS trajectories, which is 128 ROWS multiply-adds of vec4.
//
// Loads and sums limit it on lavapipe: of 280 ns a turn multiply-adds would take 100, loads take 100 to 130, and 32 vec4 of
// sums are four times what registers hold. 64-256-256-256-64, batch 4,096: 22.2 ms, 37 % of the multiply-add rate, where tiles
// of a workgroup took 58.8. By trajectories x vec4 a lane the loop alone takes 151 to 161 ns (4 x 8), 161 to 189 (4 x 4),
// 193 to 219 (2 x 8). With activations in workgroup memory 2-64-64-64-2 takes 13.2 ms, in a buffer 14.3 (batch 32,768).
import constants::{ DIM_QUADS, EMBEDDING_QUADS, LAYERS, ROWS, WIDTH_QUADS };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::mlp::weights::{ turns_of, weight_quad };

/// Trajectories of a workgroup.
const TILE = u32(ROWS) * LANES;
/// Vec4 of outputs that are summed at a time.
const COLUMNS = 8u;
/// Sum c of row r is number c * ROWS + r.
alias Sums = array<vec4f, ROWS * COLUMNS>;

/// Vec4 that one layer's inputs or outputs take.
const ROOM = max(u32(WIDTH_QUADS), u32(DIM_QUADS));
@if(residual) const SUMS = u32(WIDTH_QUADS);
@if(!residual) const SUMS = 0u;
/// Vec4 of one trajectory: what goes into a layer and what comes out of it, in turn, then the embedding, then a residual
/// network's hidden sums, to which each layer adds. src/mlp/lane-plan.ts makes room.
const SPAN = 2u * ROOM + EMBEDDING_QUADS + SUMS;

/// Turns that all columns of a layer of the hidden width take, and those of the output layer.
const HIDDEN_TURNS = (u32(WIDTH_QUADS) + COLUMNS - 1) / COLUMNS;
const OUTPUT_TURNS = (u32(DIM_QUADS) + COLUMNS - 1) / COLUMNS;
/// A vec4 a turn, of two branches.
const STARTS = 2 * (u32(LAYERS) * HIDDEN_TURNS + OUTPUT_TURNS);

/// What a lane keeps: [ROWS, SPAN], then what its columns start from, [STARTS].
const KEPT = ROWS * SPAN + STARTS;
/// Of each lane of each workgroup, where a workgroup's do not find room with it (`kept_apart`). Not private memory: loads were
/// no faster there, and lavapipe took twice as long to compile networks 512 wide.
@if(kept_apart) @group(0) @binding(14) var<storage, read_write> numbers: array<vec4f>;
@if(!kept_apart) var<workgroup> numbers: array<vec4f, LANES * KEPT>;

/// Where this lane's rows start; entry points set it.
var<private> own_rows: u32;

/// Of a workgroup.
fn rows_of(group: u32) -> u32 {
  @if(!kept_apart) return subgroup_lane * KEPT;
  @if(kept_apart) return (group * LANES + subgroup_lane) * KEPT;
}

/// Where a row of one of the two halves starts.
fn row_start(half: u32, row: u32) -> u32 {
  return own_rows + row * SPAN + half * ROOM;
}

fn embedding_start(row: u32) -> u32 {
  return own_rows + row * SPAN + 2 * ROOM;
}

/// Where a branch keeps what the turn from `column` on starts from.
fn start_of(branch: u32, layer: u32, column: u32) -> u32 {
  return own_rows + ROWS * SPAN + branch * STARTS / 2 + layer * HIDDEN_TURNS + column / COLUMNS;
}

@if(residual)
fn sums_start(row: u32) -> u32 {
  return embedding_start(row) + EMBEDDING_QUADS;
}

/// The row-th trajectory of this lane.
fn trajectory_of(first: u32, row: u32) -> u32 {
  return first + row * LANES + subgroup_lane;
}

/// sums += (`quads` vec4 of a half, and the embedding where `all` says that there are more) times COLUMNS columns, from
/// `column` on, of a matrix that starts at `matrix` and whose rows have `stride` vec4. Columns past its end are the last again.
fn multiply(sums: ptr<function, Sums>, half: u32, quads: u32, all: u32, matrix: u32, stride: u32, column: u32) {
  let first = matrix + min(column + subgroup_lane, stride - 1);
  for (var k = 0u; k < turns_of(all); k++) {
    let at = first + 4 * k * stride;
    let w0 = weight_quad(at);
    let w1 = weight_quad(at + stride);
    let w2 = weight_quad(at + 2 * stride);
    let w3 = weight_quad(at + 3 * stride);
    var a = array<vec4f, ROWS>();
    for (var r = 0u; r < ROWS; r++) {
      a[r] = numbers[select(row_start(half, r) + k, embedding_start(r) + k - quads, k >= quads)];
    }
    add_products(sums, 0, a, subgroupBroadcast(w0, 0), subgroupBroadcast(w1, 0), subgroupBroadcast(w2, 0), subgroupBroadcast(w3, 0));
    add_products(sums, 1, a, subgroupBroadcast(w0, 1), subgroupBroadcast(w1, 1), subgroupBroadcast(w2, 1), subgroupBroadcast(w3, 1));
    add_products(sums, 2, a, subgroupBroadcast(w0, 2), subgroupBroadcast(w1, 2), subgroupBroadcast(w2, 2), subgroupBroadcast(w3, 2));
    add_products(sums, 3, a, subgroupBroadcast(w0, 3), subgroupBroadcast(w1, 3), subgroupBroadcast(w2, 3), subgroupBroadcast(w3, 3));
    add_products(sums, 4, a, subgroupBroadcast(w0, 4), subgroupBroadcast(w1, 4), subgroupBroadcast(w2, 4), subgroupBroadcast(w3, 4));
    add_products(sums, 5, a, subgroupBroadcast(w0, 5), subgroupBroadcast(w1, 5), subgroupBroadcast(w2, 5), subgroupBroadcast(w3, 5));
    add_products(sums, 6, a, subgroupBroadcast(w0, 6), subgroupBroadcast(w1, 6), subgroupBroadcast(w2, 6), subgroupBroadcast(w3, 6));
    add_products(sums, 7, a, subgroupBroadcast(w0, 7), subgroupBroadcast(w1, 7), subgroupBroadcast(w2, 7), subgroupBroadcast(w3, 7));
  }
}

/// Adds the products of four inputs of each row with four vec4 of one column.
fn add_products(sums: ptr<function, Sums>, c: u32, a: array<vec4f, ROWS>, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) {
  for (var r = 0u; r < ROWS; r++) {
    let n = c * ROWS + r;
    (*sums)[n] = fma(vec4f(a[r].w), w3, fma(vec4f(a[r].z), w2, fma(vec4f(a[r].y), w1, fma(vec4f(a[r].x), w0, (*sums)[n]))));
  }
}

/// As `multiply`, of a matrix of one column, which would leave seven of eight columns unused: each lane loads one of eight rows.
fn multiply_one(sums: ptr<function, array<vec4f, ROWS>>, half: u32, quads: u32, all: u32, matrix: u32) {
  for (var k = 0u; k < all; k += 2) {
    let own = weight_quad(matrix + 4 * k + subgroup_lane);
    for (var r = 0u; r < ROWS; r++) {
      let a = input_quad(half, r, k, quads);
      let b = select(vec4f(0), input_quad(half, r, k + 1, quads), k + 1 < all);
      var sum = (*sums)[r];
      sum += a.x * subgroupBroadcast(own, 0) + a.y * subgroupBroadcast(own, 1);
      sum += a.z * subgroupBroadcast(own, 2) + a.w * subgroupBroadcast(own, 3);
      sum += b.x * subgroupBroadcast(own, 4) + b.y * subgroupBroadcast(own, 5);
      sum += b.z * subgroupBroadcast(own, 6) + b.w * subgroupBroadcast(own, 7);
      (*sums)[r] = sum;
    }
  }
}

/// Vec4 `quad` of a row's inputs; behind `quads` of them comes the embedding.
fn input_quad(half: u32, row: u32, quad: u32, quads: u32) -> vec4f {
  let embedding = embedding_start(row) + min(quad - quads, EMBEDDING_QUADS - 1);
  return numbers[select(row_start(half, row) + min(quad, ROOM - 1), embedding, quad >= quads)];
}
