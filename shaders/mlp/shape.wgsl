import constants::{ DIM_QUADS, EMBEDDING_QUADS, LAYERS, WIDTH_QUADS };

// Sizes and places of a network's matrices, in vec4. Layers count from 0; layer LAYERS is the output.
// src/mlp/parameters.ts lays parameters out in this way.

/// Inputs of a layer without the embedding.
fn input_quads(layer: u32) -> u32 {
  return select(u32(WIDTH_QUADS), DIM_QUADS, layer == 0);
}

fn output_quads(layer: u32) -> u32 {
  return select(u32(WIDTH_QUADS), DIM_QUADS, layer == LAYERS);
}

/// Rows of a layer's matrix: inputs, embedding, 1.
fn matrix_rows(layer: u32) -> u32 {
  return 4 * (input_quads(layer) + EMBEDDING_QUADS) + 1;
}

/// Where the matrix [inputs; embedding; bias] of a layer starts, rows of `output_quads`.
/// The label table comes after the last.
fn matrix_start(layer: u32) -> u32 {
  if (layer == 0) {
    return 0;
  }
  let hidden = matrix_rows(0) * WIDTH_QUADS + (min(layer, LAYERS) - 1) * matrix_rows(1) * WIDTH_QUADS;
  return hidden + select(0, matrix_rows(LAYERS) * DIM_QUADS, layer > LAYERS);
}

/// Where a layer's transposed matrix starts, rows of (input_quads + EMBEDDING_QUADS), one per output.
fn transposed_start(layer: u32) -> u32 {
  if (layer == 0) {
    return 0;
  }
  let first = 4u * WIDTH_QUADS * (DIM_QUADS + EMBEDDING_QUADS);
  return first + (layer - 1) * 4 * WIDTH_QUADS * (WIDTH_QUADS + EMBEDDING_QUADS);
}

/// A tape keeps, for `rows` trajectories, something of each hidden layer, then of the output, then of the
/// embedding: what the forward pass came by, or what the backward pass did.
fn tape_hidden(layer: u32, row: u32, rows: u32) -> u32 {
  return (layer * rows + row) * WIDTH_QUADS;
}

fn tape_output(row: u32, rows: u32) -> u32 {
  return LAYERS * rows * WIDTH_QUADS + row * DIM_QUADS;
}

fn tape_embedding(row: u32, rows: u32) -> u32 {
  return rows * (LAYERS * WIDTH_QUADS + DIM_QUADS) + row * EMBEDDING_QUADS;
}
