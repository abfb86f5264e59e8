const LANES = 64u;

var<workgroup> lanes: array<f32, LANES>;
var<workgroup> wide_lanes: array<vec4f, LANES>;

/// The sum over a workgroup's invocations, pairwise and so always in the same order; all of them have it.
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

/// Four sums at once: a lane waits as often as for one.
fn summed_four(values: vec4f, local: u32) -> vec4f {
  workgroupBarrier();
  wide_lanes[local] = values;
  for (var half = LANES / 2; half > 0; half /= 2) {
    workgroupBarrier();
    if (local < half) {
      wide_lanes[local] += wide_lanes[local + half];
    }
  }
  workgroupBarrier();
  return wide_lanes[0];
}
