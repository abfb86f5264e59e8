// Above 128 dimensions a workgroup takes four trajectories, and each invocation every LANES-th vec4 of their states: what
// it writes of them it alone reads, unless there is a barrier between.
import constants::DIM;
import package::field::evaluate::{ divisor_of, operation, sigma_of, slots };

const LANES = 64u; // invocations of a workgroup
const BATCH = 4u; // its trajectories
const QUADS = (DIM + 3) / 4; // vec4 of a state

/// One evaluation of four trajectories: D, or the velocity (x - D) / divisor.
struct Task {
  first: u32, // of the trajectories
  rows: vec4u, // the trajectories
  trajectories: u32, // of the run
  state: u32, // slots, in numbers
  output: u32,
  velocity: bool, // whether the output is the velocity
  noise: vec4f, // sigma^2
  divisors: vec4f,
}

/// What a workgroup has to do for an operation.
fn task_of(group: vec3u, groups: vec3u) -> Task {
  let first = first_of(group, groups);
  let rows = rows_from(first, operation.trajectories);
  let sigma = vec4f(sigma_of(rows.x), sigma_of(rows.y), sigma_of(rows.z), sigma_of(rows.w));
  let divisors = vec4f(divisor_of(rows.x), divisor_of(rows.y), divisor_of(rows.z), divisor_of(rows.w));
  return Task(
    first,
    rows,
    operation.trajectories,
    operation.state,
    operation.output,
    operation.velocity != 0,
    sigma * sigma,
    divisors,
  );
}

/// The first trajectory of a workgroup.
fn first_of(group: vec3u, groups: vec3u) -> u32 {
  return (group.x + group.y * groups.x) * BATCH;
}

/// Four trajectories. Those past the end repeat the last one and are not written.
fn rows_from(first: u32, trajectories: u32) -> vec4u {
  return min(vec4u(0, 1, 2, 3) + first, vec4u(trajectories - 1));
}

/// Writes what a task asks for of trajectory `row` of its four, given four numbers of D.
fn store_answer(task: Task, row: u32, quad: u32, x: vec4f, denoised: vec4f, divisor: f32) {
  if (task.first + row < task.trajectories) {
    store_four(task.output, task.first + row, quad, select(denoised, (x - denoised) / divisor, task.velocity));
  }
}

/// Four numbers of a trajectory, zeros past its end.
fn four_of(slot: u32, trajectory: u32, quad: u32) -> vec4f {
  let start = slot + trajectory * DIM;
  @if(aligned) return slots[start / 4 + quad];
  @if(!aligned) {
    let d = vec4u(0, 1, 2, 3) + 4 * quad;
    let at = start + min(d, vec4u(DIM - 1));
    return select(vec4f(0), vec4f(slots[at.x], slots[at.y], slots[at.z], slots[at.w]), d < vec4u(DIM));
  }
}

/// Writes those of four numbers that a trajectory has.
fn store_four(slot: u32, trajectory: u32, quad: u32, value: vec4f) {
  let start = slot + trajectory * DIM;
  @if(aligned) slots[start / 4 + quad] = value;
  @if(!aligned) for (var lane = 0u; lane < 4; lane++) {
    if (4 * quad + lane < DIM) {
      slots[start + 4 * quad + lane] = value[lane];
    }
  }
}

/// Four numbers of a running sum: what was there by `rescale`, and `part`.
fn add_four(slot: u32, trajectory: u32, quad: u32, rescale: f32, part: vec4f) {
  store_four(slot, trajectory, quad, four_of(slot, trajectory, quad) * rescale + part);
}
