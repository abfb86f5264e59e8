import constants::{ DIM, DIM_QUADS };
import package::mlp::labels::labels;
import package::mlp::precondition::Precondition;
import package::mlp::shape::tape_output;
import package::mlp::states::{ add_quad, store_quad };
@if(taped) import package::mlp::tape::tape;
import package::mlp::tile::TILE;

// What a workgroup is asked about its tile, and what it answers, however it gets through the layers.

/// What a tile is of.
struct Task {
  first: u32, // trajectory of the tile
  trajectories: u32,
  state: u32, // slots, in numbers
  output: u32,
  same: bool, // whether all trajectories are told the same sigma
}

struct Guidance {
  scale: f32,
}

@if(guided) @group(0) @binding(9) var<uniform> guidance: Guidance;

// Guided: D_none + scale (D_label - D_none), the network with its label first.
@if(guided) const BRANCHES = 2u;
@if(!guided) const BRANCHES = 1u;

/// The preconditioning of the tile's trajectories at the noise levels that they are told.
var<workgroup> scales: array<Precondition, TILE>;

/// Writes four numbers of what a branch of the network answers.
fn store_output(task: Task, trajectory: u32, quad: u32, branch: u32, answered: vec4f) {
  @if(taped) tape[tape_output(trajectory, task.trajectories) + quad] = answered;
  @if(!guided) store_quad(task.output, trajectory, quad, answered);
  @if(guided) if (branch == 0) {
    store_quad(task.output, trajectory, quad, guidance.scale * answered);
  } else {
    add_quad(task.output, trajectory, quad, (1 - guidance.scale) * answered);
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
