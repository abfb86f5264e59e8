import package::batch::finite::{ broken_lanes, is_broken_number };

/// Where an update first produced a NaN or an infinity. Steps are stored as their complement, so that a buffer
/// of zeros means 'none' and atomicMax keeps the earliest.
struct Status {
  first_step: atomic<u32>,
  trajectories: atomic<u32>,
  step_of: array<atomic<u32>>,
}

@group(0) @binding(2) var<storage, read_write> status: Status;

/// Flags the trajectories of vec4 `index` of a [trajectories, dim] array whose value is not finite.
fn check_finite(value: vec4f, index: u32, dim: u32, trajectories: u32, step: u32) {
  let broken = broken_lanes(value);
  if (any(broken)) {
    for (var lane = 0u; lane < 4; lane++) {
      let trajectory = (4 * index + lane) / dim;
      if (broken[lane] && trajectory < trajectories) {
        flag_trajectory(trajectory, step);
      }
    }
  }
}

/// Flags a trajectory where a number of it is not finite.
fn check_number(value: f32, trajectory: u32, step: u32) {
  if (is_broken_number(value)) {
    flag_trajectory(trajectory, step);
  }
}

/// Flags one trajectory.
fn flag_trajectory(trajectory: u32, step: u32) {
  if (atomicMax(&status.step_of[trajectory], ~step) == 0) {
    atomicAdd(&status.trajectories, 1);
  }
  atomicMax(&status.first_step, ~step);
}
