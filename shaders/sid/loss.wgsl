// The generator's loss of each trajectory, and its cotangents of y, of the teacher's D and of the fake score's D (score
// identity distillation, arXiv 2404.04057). With p = D_phi - D_psi, q = D_phi - y and r = y_t - D_psi:
//
//   weight (l1 |p|^2 + l2 <p, q> + l3 (|q|^2 + |r|^2))
//
// The weight is 1 / sigma^2, which makes of these the losses between predictions of the noise; `normalised` it is 100
// over the mean of |q|, of which no gradient is taken. One invocation takes one trajectory; 16 bytes read and 12 written
// per number.
import package::batch::dispatch::linear_index;
import package::batch::slots::columns;
import package::sid::run::run;
import package::train::step::operation;

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>; // [trajectories]

@compute @workgroup_size(64)
fn loss(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  let begin = trajectory * operation.dim;
  let end = begin + operation.dim;
  @if(!normalised) let weight = columns[operation.trajectories + trajectory];
  @if(normalised) let weight = normalised_weight(begin, end);
  let slope = weight / f32(operation.trajectories);
  var sum = 0.0;
  for (var i = begin; i < end; i++) {
    let p = slots[run.real + i] - slots[run.fake + i];
    let q = slots[run.real + i] - slots[run.generated + i];
    let r = slots[run.noisy + i] - slots[run.fake + i];
    sum += run.l1 * p * p + run.l2 * p * q + run.l3 * (q * q + r * r);
    slots[run.to_real + i] = slope * (2 * run.l1 * p + run.l2 * (p + q) + 2 * run.l3 * q);
    slots[run.to_fake + i] = -slope * (2 * run.l1 * p + run.l2 * q + 2 * run.l3 * r);
    slots[run.to_generated + i] = slope * (2 * run.l3 * (r - q) - run.l2 * p);
  }
  losses[trajectory] = weight * sum;
}

@if(normalised)
fn normalised_weight(begin: u32, end: u32) -> f32 {
  const SMALLEST = 1e-5;
  var sum = 0.0;
  for (var i = begin; i < end; i++) {
    sum += abs(slots[run.real + i] - slots[run.generated + i]);
  }
  return 100 / max(SMALLEST, sum / f32(end - begin));
}
