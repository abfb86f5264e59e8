/// Where vec4 `index` of a slot is read that has rows for the first trajectories alone, `rows` vec4: what the others would
/// have repeats every `period` vec4 (src/execute/repeats.ts).
fn at_row(index: u32, period: u32, rows: u32) -> u32 {
  return select(index % period, index, index < rows);
}
