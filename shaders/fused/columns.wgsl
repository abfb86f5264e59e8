import package::fused::plan::run;

/// Where a trajectory's value of a column stands; answers are rows behind the plan's columns.
fn place_of(column: u32, trajectory: u32) -> u32 {
  return column * run.trajectories + trajectory;
}
