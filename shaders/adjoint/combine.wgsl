// The adjoint of update/combine.wgsl, one trajectory an invocation: each term's slot gets the coefficient times the
// result's cotangent, each coefficient the product of cotangent and slot. 16 bytes read or written per number and term.
import package::adjoint::gradient::add_gradient;
import package::batch::dispatch::linear_index;
import package::batch::scalar::{ Scalar, scalar_of };

struct Term {
  coefficient: Scalar,
  @align(16) slot: u32, // in numbers, as all places here
  cotangent: u32,
}

struct Combine {
  cotangent: u32, // of the result
  dim: u32,
  trajectories: u32,
  terms: u32,
  @align(16) term: array<Term, 30>,
}

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(3) var<uniform> operation: Combine;

@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let row = trajectory * operation.dim;
  for (var i = 0u; i < operation.terms; i++) {
    let coefficient = scalar_of(operation.term[i].coefficient, trajectory, operation.trajectories);
    let slot = operation.term[i].slot + row;
    let cotangent = operation.term[i].cotangent + row;
    var along = 0.0;
    for (var d = 0u; d < operation.dim; d++) {
      let given = slots[operation.cotangent + row + d];
      along += given * slots[slot + d];
      slots[cotangent + d] += coefficient * given;
    }
    add_gradient(operation.term[i].coefficient, along, trajectory, operation.trajectories);
  }
}
