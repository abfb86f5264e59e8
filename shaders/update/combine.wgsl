// The general linear combination x' = sum_i c_i slot_i, which every multistep solver's update is.
// 4 bytes read per number and term, 4 written. Terms are added in their order, so results are reproducible.
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ column_lanes, rows_of, Scalar };
import package::batch::status::check_finite;

struct Term {
  coefficient: Scalar,
  @align(16) slot: u32, // in vec4
}

struct Combine {
  output: u32, // slot, in vec4
  count: u32, // vec4 in a slot
  dim: u32,
  trajectories: u32,
  step: u32,
  terms: u32,
  columned: u32, // whether a coefficient is a column's: who divides indices for nothing loses bandwidth
  @align(16) term: array<Term, 30>,
}

@group(0) @binding(0) var<storage, read_write> slots: array<vec4f>;
@group(0) @binding(3) var<uniform> operation: Combine;

@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = linear_index(id, groups, 64);
  if (index >= operation.count) {
    return;
  }
  var rows = vec4u(0);
  if (operation.columned != 0) {
    rows = rows_of(index, operation.dim, operation.trajectories);
  }
  var sum = vec4f(0);
  for (var i = 0u; i < operation.terms; i++) {
    var coefficient = vec4f(operation.term[i].coefficient.offset);
    if (operation.term[i].coefficient.column >= 0) {
      coefficient = column_lanes(operation.term[i].coefficient, rows, operation.trajectories);
    }
    sum += coefficient * slots[operation.term[i].slot + index];
  }
  slots[operation.output + index] = sum;
  check_finite(sum, index, operation.dim, operation.trajectories, operation.step);
}
