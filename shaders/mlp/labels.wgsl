import constants::{ CLASSES, EMBEDDING_QUADS, LAYERS };
import package::mlp::shape::matrix_start;
import package::mlp::weights::weight_quad;

/// One label for all, or one per trajectory; CLASSES stands for none.
@group(0) @binding(5) var<storage, read> labels: array<u32>;

fn label_of(trajectory: u32) -> u32 {
  return min(labels[min(trajectory, arrayLength(&labels) - 1)], CLASSES);
}

/// Four numbers of what a trajectory's label adds to its embedding; branch 1 takes no label.
fn label_quad(trajectory: u32, branch: u32, quad: u32) -> vec4f {
  let label = select(label_of(trajectory), CLASSES, branch == 1);
  return weight_quad(matrix_start(LAYERS + 1) + label * EMBEDDING_QUADS + quad);
}
