const LANES = 64u;

var<workgroup> lanes: array<f32, LANES>;

/// The sum over a workgroup's invocations, pairwise and so always in the same order; lane 0 has it.
fn summed(value: f32, local: u32) -> f32 {
  workgroupBarrier();
  lanes[local] = value;
  for (var half = LANES / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) {
      lanes[local] += lanes[local + half];
    }
  }
  workgroupBarrier();
  return lanes[0];
}

/// The greatest of a workgroup's values, none below 0; lane 0 has it.
fn greatest(value: f32, local: u32) -> f32 {
  workgroupBarrier();
  lanes[local] = value;
  for (var half = LANES / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) {
      lanes[local] = max(lanes[local], lanes[local + half]);
    }
  }
  workgroupBarrier();
  return lanes[0];
}
