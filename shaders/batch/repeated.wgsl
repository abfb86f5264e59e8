/// Where vec4 `index` of a slot is read that has rows for the first trajectories alone, `rows` vec4: what the others would
/// have is at `first`, in the trajectory that is a multiple of the period before (src/execute/repeats.ts).
fn at_row(index: u32, first: u32, rows: u32) -> u32 {
  return select(first, index, index < rows);
}
