import constants::{ CLASSES, EMBEDDING_QUADS, LAYERS };
import package::batch::scalar::scalar_of;
import package::mlp::activation::silu;
import package::mlp::gradient::operation;
import package::mlp::labels::label_of;
import package::mlp::precondition::precondition;
import package::mlp::shape::{ input_quads, matrix_rows, output_quads, tape_embedding, tape_hidden, tape_output };
import package::mlp::states::state_quad;
import package::mlp::tape::tape;

// The gradient of a layer's matrix is the product of its inputs, transposed, with its deltas; where those are, and how many.
// Layer LAYERS + 1 is the table of labels.

@group(0) @binding(8) var<storage, read_write> partials: array<vec4f>; // [slices, PARAMETER_QUADS]
@group(0) @binding(9) var<storage, read_write> deltas: array<vec4f>; // of vjp.wgsl

/// A part of a layer's matrix: input rows from 4 `input_quad` on, output columns from 4 `output_quad` on.
struct Part {
  layer: u32,
  input_quad: u32,
  output_quad: u32,
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
