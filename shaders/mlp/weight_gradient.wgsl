// The gradient of all parameters, summed over one slice of the trajectories: for each layer the product of its
// inputs, transposed, with its deltas. A workgroup takes a part of one layer's matrix and goes through the slice;
// an invocation holds 16 inputs x 4 outputs. Slices are added by reduce.wgsl, always in the same order, so that
// gradients are the same to the last bit. 2 operations per parameter and trajectory.
// On software adapters it is loads that cost, of sums and of what all lanes need. Hence four trajectories at a time,
// inputs that lanes tell each other, and shifts for divisions: measured against one trajectory at a time, 0.3 to 0.5
// of the time on lavapipe, 0.5 to 0.7 on SwiftShader.
import constants::{ CLASSES, EMBEDDING_QUADS, LAYERS, PARAMETER_QUADS, WIDTH_QUADS };
import package::batch::scalar::scalar_of;
import package::mlp::activation::silu;
import package::mlp::gradient::operation;
import package::mlp::labels::label_of;
import package::mlp::precondition::precondition;
import package::mlp::shape::{ input_quads, matrix_rows, matrix_start, output_quads, tape_embedding, tape_hidden, tape_output };
import package::mlp::states::state_quad;
import package::mlp::tape::tape;
import package::mlp::tile::subgroup_lane;
@if(broadcast) enable subgroups;

@group(0) @binding(8) var<storage, read_write> partials: array<vec4f>; // [slices, PARAMETER_QUADS]
@group(0) @binding(9) var<storage, read_write> deltas: array<vec4f>; // of vjp.wgsl

const INVOCATIONS = 64u;
const LEAST_LANES = 8u;
/// Vec4 of inputs staged at once: of 16 to 128 trajectories.
const STAGE = 512u;

var<workgroup> inputs: array<vec4f, STAGE>;

/// A part of a layer's matrix: input rows from 4 `input_quad` on, output columns from 4 `output_quad` on.
struct Part {
  layer: u32, // LAYERS + 1 is the table of labels
  input_quad: u32,
  output_quad: u32,
}

@compute @workgroup_size(INVOCATIONS)
fn weight_gradient(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @if(broadcast) @builtin(subgroup_invocation_id) subgroup_local: u32,
) {
  @if(broadcast) subgroup_lane = subgroup_local;
  let part = part_of(group.x);
  let lanes = output_lanes(part.layer);
  // All are powers of two, and software adapters divide slowly.
  let group_bits = firstTrailingBit(lanes);
  let quad_bits = firstTrailingBit(4 * INVOCATIONS) - group_bits;
  let quads = 1u << quad_bits;
  let quad = part.output_quad + (local & (lanes - 1));
  let own_input = 4 * (local >> group_bits);
  let end = min((group.y + 1) * operation.slice, operation.trajectories);
  let stride = delta_quads(part.layer);
  let works = quad < stride;
  let delta = delta_start(part.layer) + min(quad, stride - 1);

  var sums = array<vec4f, 16>();
  for (var begin = group.y * operation.slice; begin < end; begin += STAGE >> quad_bits) {
    let rows = (min(STAGE >> quad_bits, end - begin) + 3) & ~3u;
    workgroupBarrier();
    for (var i = local; i < rows << quad_bits; i += INVOCATIONS) {
      let row = begin + (i >> quad_bits);
      inputs[i] = vec4f(0);
      if (row < end) {
        inputs[i] = input_quad(part.layer, row, part.input_quad + (i & (quads - 1)));
      }
    }
    workgroupBarrier();
    for (var r = 0u; r < rows; r += 4) {
      add_rows(&sums, works, (r << quad_bits) + own_input, quads, delta, begin + r, end - 1, stride);
    }
  }

  if (works) {
    let start = group.y * PARAMETER_QUADS + matrix_start(part.layer) + quad;
    let input = 4 * (part.input_quad + own_input);
    let rows = min(16, gradient_rows(part.layer) - min(input, gradient_rows(part.layer)));
    var kept = sums; // a copy may be indexed without taking the sums themselves out of registers
    for (var n = 0u; n < rows; n++) {
      partials[start + (input + n) * stride] = kept[n];
    }
  }
}

/// Adds four trajectories, from `row` on: each sum is touched once for all. Their inputs lie `quads` apart in the
/// stage, those past `last` are 0. Where it does not `work`, the sums become anything.
///
/// `broadcast`, as in tile.wgsl: eight lanes load four vec4 of two trajectories and tell each other.
fn add_rows(sums: ptr<function, array<vec4f, 16>>, works: bool, input: u32, quads: u32, delta: u32, row: u32, last: u32, stride: u32) {
  @if(!broadcast) if (!works) {
    return;
  }
  let d = array(
    deltas[delta + min(row, last) * stride],
    deltas[delta + min(row + 1, last) * stride],
    deltas[delta + min(row + 2, last) * stride],
    deltas[delta + min(row + 3, last) * stride],
  );
  @if(!broadcast) for (var n = 0u; n < 4; n++) {
    let at = input + n;
    add_products(sums, n, inputs[at], inputs[at + quads], inputs[at + 2 * quads], inputs[at + 3 * quads], d);
  }
  @if(broadcast) {
    let own = input + subgroup_lane / 4 % 2 * quads + subgroup_lane % 4;
    let a = inputs[own]; // rows 0 and 1
    let b = inputs[own + 2 * quads]; // rows 2 and 3
    add_products(sums, 0, subgroupBroadcast(a, 0), subgroupBroadcast(a, 4), subgroupBroadcast(b, 0), subgroupBroadcast(b, 4), d);
    add_products(sums, 1, subgroupBroadcast(a, 1), subgroupBroadcast(a, 5), subgroupBroadcast(b, 1), subgroupBroadcast(b, 5), d);
    add_products(sums, 2, subgroupBroadcast(a, 2), subgroupBroadcast(a, 6), subgroupBroadcast(b, 2), subgroupBroadcast(b, 6), d);
    add_products(sums, 3, subgroupBroadcast(a, 3), subgroupBroadcast(a, 7), subgroupBroadcast(b, 3), subgroupBroadcast(b, 7), d);
  }
}

/// Adds the products of four inputs of four trajectories with their deltas.
fn add_products(sums: ptr<function, array<vec4f, 16>>, n: u32, a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f, d: array<vec4f, 4>) {
  (*sums)[4 * n] += a0.x * d[0] + a1.x * d[1] + a2.x * d[2] + a3.x * d[3];
  (*sums)[4 * n + 1] += a0.y * d[0] + a1.y * d[1] + a2.y * d[2] + a3.y * d[3];
  (*sums)[4 * n + 2] += a0.z * d[0] + a1.z * d[1] + a2.z * d[2] + a3.z * d[3];
  (*sums)[4 * n + 3] += a0.w * d[0] + a1.w * d[1] + a2.w * d[2] + a3.w * d[3];
}

/// The parts of all layers follow each other, those beside each other in a layer first.
fn part_of(index: u32) -> Part {
  var n = index;
  var layer = 0u;
  while (n >= parts_across(layer) * parts_down(layer)) {
    n -= parts_across(layer) * parts_down(layer);
    layer++;
  }
  let lanes = output_lanes(layer);
  return Part(layer, n / parts_across(layer) * 4 * INVOCATIONS / lanes, n % parts_across(layer) * lanes);
}

/// Lanes beside each other take columns of outputs; where a layer has few, the other lanes take more of its inputs.
/// src/mlp/passes.ts counts parts in the same way.
fn output_lanes(layer: u32) -> u32 {
  return clamp(1u << (32 - countLeadingZeros(delta_quads(layer) - 1)), LEAST_LANES, INVOCATIONS);
}

fn parts_across(layer: u32) -> u32 {
  return (delta_quads(layer) + output_lanes(layer) - 1) / output_lanes(layer);
}

fn parts_down(layer: u32) -> u32 {
  let inputs = 16 * INVOCATIONS / output_lanes(layer);
  return (gradient_rows(layer) + inputs - 1) / inputs;
}

/// Rows and columns of a layer's matrix, or of the table of labels.
fn gradient_rows(layer: u32) -> u32 {
  return select(matrix_rows(layer), CLASSES + 1, layer > LAYERS);
}

fn delta_quads(layer: u32) -> u32 {
  return select(output_quads(layer), EMBEDDING_QUADS, layer > LAYERS);
}

/// Four of a layer's inputs: the activations before it, the embedding, 1. The table's input is 1 at the label.
fn input_quad(layer: u32, row: u32, quad: u32) -> vec4f {
  @if(labelled) if (layer > LAYERS) {
    return select(vec4f(0), vec4f(1), vec4u(0, 1, 2, 3) + 4 * quad == vec4u(label_of(row)));
  }
  let states = input_quads(layer);
  if (quad < states) {
    if (layer > 0) {
      return silu(tape[tape_hidden(layer - 1, row, operation.trajectories) + quad]);
    }
    let scale = precondition(scalar_of(operation.sigma, row, operation.trajectories)).input;
    return scale * state_quad(operation.state, row, quad);
  }
  if (quad < states + EMBEDDING_QUADS) {
    return tape[tape_embedding(row, operation.trajectories) + quad - states];
  }
  return vec4f(1, 0, 0, 0);
}

/// Where the deltas of a layer's outputs start, rows of `delta_quads`.
fn delta_start(layer: u32) -> u32 {
  if (layer < LAYERS) {
    return tape_hidden(layer, 0, operation.trajectories);
  }
  return select(tape_embedding(0, operation.trajectories), tape_output(0, operation.trajectories), layer == LAYERS);
}
