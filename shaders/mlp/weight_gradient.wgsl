// The gradient of all parameters, summed over one slice of the trajectories: for each layer the product of its
// inputs, transposed, with its deltas. A workgroup takes a part of one layer's matrix and goes through the slice;
// an invocation holds 16 inputs x 4 outputs. Slices are added by reduce.wgsl, always in the same order, so that
// gradients are the same to the last bit. 2 operations per parameter and trajectory.
import constants::{ CLASSES, EMBEDDING_QUADS, LAYERS, PARAMETER_QUADS, WIDTH_QUADS };
import package::batch::scalar::scalar_of;
import package::mlp::activation::silu;
import package::mlp::gradient::operation;
import package::mlp::labels::label_of;
import package::mlp::precondition::precondition;
import package::mlp::shape::{ input_quads, matrix_rows, matrix_start, output_quads, tape_embedding, tape_hidden, tape_output };
import package::mlp::states::state_quad;
import package::mlp::tape::tape;

@group(0) @binding(8) var<storage, read_write> partials: array<vec4f>; // [slices, PARAMETER_QUADS]
@group(0) @binding(9) var<storage, read_write> deltas: array<vec4f>; // of vjp.wgsl

const INVOCATIONS = 64u;
/// Lanes beside each other take columns of outputs; where a layer has few, the rest takes more inputs.
const OUTPUT_LANES = min(INVOCATIONS, WIDTH_QUADS);
const INPUT_GROUPS = INVOCATIONS / OUTPUT_LANES;
const INPUT_QUADS = 4 * INPUT_GROUPS;
/// Trajectories staged at once.
const STAGE = 16u;

var<workgroup> inputs: array<vec4f, STAGE * INPUT_QUADS>;

/// A part of a layer's matrix: input rows from 4 `input_quad` on, output columns from 4 `output_quad` on.
struct Part {
  layer: u32, // LAYERS + 1 is the table of labels
  input_quad: u32,
  output_quad: u32,
}

@compute @workgroup_size(INVOCATIONS)
fn weight_gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let part = part_of(group.x);
  let quad = part.output_quad + local % OUTPUT_LANES;
  let input_group = select(local / OUTPUT_LANES, 0, INPUT_GROUPS == 1);
  let end = min((group.y + 1) * operation.slice, operation.trajectories);
  let works = quad < delta_quads(part.layer) && input_group < INPUT_GROUPS;

  var sums = array<vec4f, 16>();
  for (var begin = group.y * operation.slice; begin < end; begin += STAGE) {
    workgroupBarrier();
    for (var i = local; i < STAGE * INPUT_QUADS; i += INVOCATIONS) {
      let row = begin + i / INPUT_QUADS;
      inputs[i] = vec4f(0);
      if (row < end) {
        inputs[i] = input_quad(part.layer, row, part.input_quad + i % INPUT_QUADS);
      }
    }
    workgroupBarrier();
    if (works) {
      for (var r = 0u; r < STAGE; r++) {
        let delta = delta_quad(part.layer, min(begin + r, end - 1), quad);
        for (var n = 0u; n < 4; n++) {
          let a = inputs[r * INPUT_QUADS + 4 * input_group + n];
          sums[4 * n] += a.x * delta;
          sums[4 * n + 1] += a.y * delta;
          sums[4 * n + 2] += a.z * delta;
          sums[4 * n + 3] += a.w * delta;
        }
      }
    }
  }

  if (works) {
    let start = group.y * PARAMETER_QUADS + matrix_start(part.layer) + quad;
    let input = 4 * (part.input_quad + 4 * input_group);
    let rows = min(16, gradient_rows(part.layer) - min(input, gradient_rows(part.layer)));
    var kept = sums; // a copy may be indexed without taking the sums themselves out of registers
    for (var n = 0u; n < rows; n++) {
      partials[start + (input + n) * delta_quads(part.layer)] = kept[n];
    }
  }
}

/// The parts of all layers follow each other, those beside each other in a layer first.
fn part_of(index: u32) -> Part {
  var n = index;
  var layer = 0u;
  while (n >= parts_across(layer) * parts_down(layer)) {
    n -= parts_across(layer) * parts_down(layer);
    layer++;
  }
  return Part(layer, n / parts_across(layer) * INPUT_QUADS, n % parts_across(layer) * OUTPUT_LANES);
}

fn parts_across(layer: u32) -> u32 {
  return (delta_quads(layer) + OUTPUT_LANES - 1) / OUTPUT_LANES;
}

fn parts_down(layer: u32) -> u32 {
  return (gradient_rows(layer) + 4 * INPUT_QUADS - 1) / (4 * INPUT_QUADS);
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

fn delta_quad(layer: u32, row: u32, quad: u32) -> vec4f {
  if (layer < LAYERS) {
    return deltas[tape_hidden(layer, row, operation.trajectories) + quad];
  }
  if (layer == LAYERS) {
    return deltas[tape_output(row, operation.trajectories) + quad];
  }
  return deltas[tape_embedding(row, operation.trajectories) + quad];
}
