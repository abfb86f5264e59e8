const LANES = 64u;

var<workgroup> lanes: array<vec4f, LANES>;

/// The sums over a workgroup's invocations, pairwise and so always in the same order; all of them have them.
fn summed_four(values: vec4f, local: u32) -> vec4f {
  workgroupBarrier();
  lanes[local] = values;
  for (var half = LANES / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) {
      lanes[local] += lanes[local + half];
    }
  }
  workgroupBarrier();
  return lanes[0];
}

/// One sum: a lane waits as often as for four.
fn summed(value: f32, local: u32) -> f32 {
  return summed_four(vec4f(value, 0, 0, 0), local).x;
}
