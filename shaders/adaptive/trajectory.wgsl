/// Where a trajectory stands. Arrays of them are by place in the chunk; `places` says which places the rows of an
/// attempt are, because trajectories that are done leave.
struct Trajectory {
  time: f32, // ln sigma
  step: f32, // of the next attempt, in ln sigma, with its sign; 0 once it is done
  error: f32, // of the last accepted step, in units of the tolerance
  shortest: f32, // accepted step
  state: u32,
  evaluations: u32,
  accepted: u32,
  rejected: u32,
  retries: u32, // whether the last attempt was rejected
}

const RUNNING = 0u;
const FINISHED = 1u;
const STUCK = 2u; // the tolerance asks for steps below the smallest, or for too many
const BROKEN = 3u; // NaN or infinity

@group(0) @binding(4) var<storage, read> places: array<u32>;
@group(0) @binding(5) var<storage, read_write> trajectories: array<Trajectory>;
