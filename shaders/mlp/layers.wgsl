// A small network over a tile of trajectories, a workgroup's, through all layers: activations stay in workgroup memory,
// and each weight is read once per tile. An invocation holds four outputs of ROWS trajectories.
// 2 (inputs + embedding) outputs operations per layer and trajectory; where all trajectories share sigma and label, the
// embedding's part is computed once per tile.
import constants::{ DIM, EMBEDDING_QUADS, FEATURE_LAYER, GROUPS, LAYERS, ROWS, WIDTH_QUADS };
import package::mlp::activation::silu;
import package::mlp::embedding::waves;
import package::mlp::labels::{ label_quad, labels };
import package::mlp::precondition::Precondition;
import package::mlp::shape::{ input_quads, matrix_start, output_quads, tape_embedding, tape_hidden, tape_output };
import package::mlp::states::{ add_quad, state_quad, store_quad };
@if(taped) import package::mlp::tape::tape;
import package::mlp::tile::{ clamped, group_row, multiply, ROW_QUADS, rows_from, subgroup_lane, TILE, tile };
import package::mlp::weights::weight_quad;

struct Guidance {
  scale: f32,
}

@if(features) @group(0) @binding(8) var<storage, read_write> features: array<f32>; // [trajectories, FEATURES]
@if(guided) @group(0) @binding(9) var<uniform> guidance: Guidance;

const LANES = (WIDTH_QUADS + 7) / 8 * 8; // whole subgroups; those past WIDTH_QUADS only help
const INVOCATIONS = LANES * GROUPS;
@if(features) const FEATURES = 64u;
// Guided: D_none + scale (D_label - D_none), the network with its label first.
@if(guided) const BRANCHES = 2u;
@if(!guided) const BRANCHES = 1u;

/// The preconditioning of the tile's trajectories at the noise levels that they are told.
var<workgroup> scales: array<Precondition, TILE>;

/// What a tile is of.
struct Task {
  first: u32, // trajectory of the tile
  trajectories: u32,
  state: u32, // slots, in numbers
  output: u32,
  same: bool, // whether all trajectories are told the same sigma
}

/// Writes what the network answers for the tile to its output slot, by `scales`, which must be there.
fn run_layers(task: Task, local: u32) {
  let first = task.first;
  let row = group_row(local, LANES);
  let lane = local % LANES;
  let rows = rows_from(first + row, task.trajectories);
  let same = task.same && same_label();
  for (var branch = 0u; branch < BRANCHES; branch++) {
    workgroupBarrier();
    embed(task, local, branch);
    workgroupBarrier();
    var z = array<vec4f, ROWS>();
    for (var layer = 0u; layer <= LAYERS; layer++) {
      @if(by_row) if (layer == LAYERS) {
        output_by_row(task, local, branch);
        break;
      }
      let stride = output_quads(layer);
      // States may have more numbers than the hidden layers are wide; those take one turn in both loops.
      for (var column = 0u; column < stride; column += WIDTH_QUADS) {
        let quad = column + lane;
        let works = lane < WIDTH_QUADS && quad < stride;
        @if(residual) if (layer == LAYERS) {
          z = array<vec4f, ROWS>();
        }
        @if(!residual) z = array<vec4f, ROWS>();
        add_bias(&z, layer, min(quad, stride - 1), same);
        for (var begin = 0u; begin < input_quads(layer); begin += WIDTH_QUADS) {
          let count = min(WIDTH_QUADS, input_quads(layer) - begin);
          if (layer == 0) {
            stage_states(task, local, begin, count);
          }
          let embeds = !same && begin + count == input_quads(layer);
          let matrix = matrix_start(layer) + 4 * begin * stride + quad;
          multiply(&z, works, row, WIDTH_QUADS - count, count + select(0u, EMBEDDING_QUADS, embeds), matrix, stride);
        }
        if (layer == LAYERS && works) {
          var output = z;
          for (var r = 0u; r < rows; r++) {
            store_output(task, first + row + r, quad, branch, output[r]);
          }
        }
      }
      if (layer < LAYERS) {
        workgroupBarrier();
        var hidden = z; // a copy may be indexed without taking the sums themselves out of registers
        for (var r = 0u; r < rows && lane < WIDTH_QUADS; r++) {
          tile[(row + r) * ROW_QUADS + lane] = silu(hidden[r]);
          @if(taped) tape[tape_hidden(layer, first + row + r, task.trajectories) + lane] = hidden[r];
        }
        workgroupBarrier();
        @if(features) if (layer == FEATURE_LAYER && branch == 0) {
          pool(task, local);
        }
      }
    }
  }
  storageBarrier();
}

fn store_output(task: Task, trajectory: u32, quad: u32, branch: u32, answered: vec4f) {
  @if(taped) tape[tape_output(trajectory, task.trajectories) + quad] = answered;
  @if(!guided) store_quad(task.output, trajectory, quad, answered);
  @if(guided) if (branch == 0) {
    store_quad(task.output, trajectory, quad, guidance.scale * answered);
  } else {
    add_quad(task.output, trajectory, quad, (1 - guidance.scale) * answered);
  }
}

/// The last layer of a state of up to four numbers, a trajectory an invocation: by columns one lane would work, and all
/// others wait. Lanes tell each other the weights.
@if(by_row)
fn output_by_row(task: Task, local: u32, branch: u32) {
  let matrix = matrix_start(LAYERS);
  for (var begin = 0u; begin < TILE; begin += INVOCATIONS) {
    let row = min(begin + local, TILE - 1);
    var z = weight_quad(matrix + 4 * ROW_QUADS); // the bias
    for (var quad = 0u; quad < ROW_QUADS; quad += 2) {
      let own = weight_quad(matrix + 4 * quad + subgroup_lane);
      let a = tile[row * ROW_QUADS + quad];
      let b = tile[row * ROW_QUADS + quad + 1];
      z += a.x * subgroupBroadcast(own, 0) + a.y * subgroupBroadcast(own, 1);
      z += a.z * subgroupBroadcast(own, 2) + a.w * subgroupBroadcast(own, 3);
      z += b.x * subgroupBroadcast(own, 4) + b.y * subgroupBroadcast(own, 5);
      z += b.z * subgroupBroadcast(own, 6) + b.w * subgroupBroadcast(own, 7);
    }
    if (begin + local < TILE && task.first + row < task.trajectories) {
      store_output(task, task.first + row, 0, branch, z);
    }
  }
}

/// Whether one label does for all trajectories.
fn same_label() -> bool {
  @if(labelled) if (arrayLength(&labels) > 1) {
    return false;
  }
  return true;
}

/// D of number i of the tile's states, x, given what the network answered for it.
fn denoised(i: u32, x: f32, answered: f32) -> f32 {
  let scale = scales[i / DIM];
  return scale.skip * x + scale.out * answered;
}

/// Writes the time embedding of the tile, and what the label adds to it.
fn embed(task: Task, local: u32, branch: u32) {
  const HALF = EMBEDDING_QUADS / 2;
  for (var i = local; i < TILE * HALF; i += INVOCATIONS) {
    let row = i / HALF;
    let quad = i % HALF;
    let wave = waves(quad, scales[row].noise);
    var cosines = wave.cosines;
    var sines = wave.sines;
    @if(labelled) cosines += label_quad(clamped(task.first + row, task.trajectories), branch, quad);
    @if(labelled) sines += label_quad(clamped(task.first + row, task.trajectories), branch, HALF + quad);
    let at = row * ROW_QUADS + WIDTH_QUADS + quad;
    tile[at] = cosines;
    tile[at + HALF] = sines;
    @if(taped) if (task.first + row < task.trajectories) {
      let kept = tape_embedding(task.first + row, task.trajectories) + quad;
      tape[kept] = cosines;
      tape[kept + HALF] = sines;
    }
  }
}

/// Adds the bias to four outputs of a layer, and the embedding's part where one does for all.
fn add_bias(sums: ptr<function, array<vec4f, ROWS>>, layer: u32, quad: u32, same: bool) {
  let stride = output_quads(layer);
  let times = matrix_start(layer) + 4 * input_quads(layer) * stride + quad;
  var sum = weight_quad(times + 4 * EMBEDDING_QUADS * stride);
  for (var k = 0u; k < select(0u, 4 * EMBEDDING_QUADS, same); k++) {
    sum += tile[WIDTH_QUADS + k / 4][k % 4] * weight_quad(times + k * stride);
  }
  for (var r = 0u; r < ROWS; r++) {
    (*sums)[r] += sum;
  }
}

/// Writes a part of c_in x, next to the embedding as a layer's matrix has them.
fn stage_states(task: Task, local: u32, begin: u32, count: u32) {
  workgroupBarrier();
  for (var i = local; i < TILE * count; i += INVOCATIONS) {
    let row = i / count;
    let quad = i % count;
    let x = state_quad(task.state, clamped(task.first + row, task.trajectories), begin + quad);
    tile[row * ROW_QUADS + WIDTH_QUADS - count + quad] = scales[row].input * x;
  }
  workgroupBarrier();
}

/// Means of contiguous groups of activations, FEATURES of them; repeated ones where the layer is narrower.
@if(features)
fn pool(task: Task, local: u32) {
  const WIDTH = 4 * WIDTH_QUADS;
  for (var i = local; i < TILE * FEATURES && task.first + i / FEATURES < task.trajectories; i += INVOCATIONS) {
    let row = i / FEATURES;
    let feature = i % FEATURES;
    let begin = feature * WIDTH / FEATURES;
    let end = max(begin + 1, (feature + 1) * WIDTH / FEATURES);
    var sum = 0.0;
    for (var n = begin; n < end; n++) {
      sum += tile[row * ROW_QUADS + n / 4][n % 4];
    }
    features[(task.first + row) * FEATURES + feature] = sum / f32(end - begin);
  }
}
