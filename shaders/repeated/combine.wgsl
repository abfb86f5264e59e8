// The general linear combination, as ../update/combine.wgsl, over slots in which trajectories repeat (row.wgsl). Each
// period of trajectories has coefficients of its own: columns are [columns, variants]. The period is a multiple of QUADS.
// On lavapipe what an invocation reads of a term besides its numbers costs more than they do, so that it serves QUADS vec4
// of one variant, four on software and one on hardware: the solve of an iteration of training took 26 to 38 ms in place of
// 38 to 44 with one (`mixture-64`, NFE 10). 4 bytes read per number and term, 4 written. Not measured on a GPU.
import constants::QUADS;
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_of };
import package::batch::status::check_finite;
import package::repeated::row::at_row;

struct Term {
  coefficient: Scalar,
  @align(16) slot: u32, // in vec4
  rows: u32, // in vec4
}

struct Combine {
  output: u32, // slot, in vec4
  count: u32, // vec4 in a slot
  dim: u32,
  trajectories: u32,
  step: u32,
  terms: u32,
  period: u32, // in vec4
  variants: u32,
  @align(16) term: array<Term, 30>,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: Combine;

@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = QUADS * linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  let variant = index / operation.period;
  var sums: array<vec4f, QUADS>;
  for (var i = 0u; i < operation.terms; i++) {
    let coefficient = scalar_of(operation.term[i].coefficient, variant, operation.variants);
    let at = operation.term[i].slot + at_row(index, operation.period, operation.term[i].rows);
    for (var q = 0u; q < QUADS; q++) {
      sums[q] += coefficient * slots[at + q];
    }
  }
  for (var q = 0u; q < QUADS; q++) {
    slots[operation.output + index + q] = sums[q];
    check_finite(sums[q], index + q, operation.dim, operation.trajectories, operation.step);
  }
}
