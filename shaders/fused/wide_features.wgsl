import constants::DIM;
import package::field::four::{ BATCH, LANES };
import package::fused::asked::asked;
import package::fused::plan::{ run, turns };
import package::predictor::figures::{ Distances, FIGURES, figures_of, POOLS };
import package::predictor::slot_features::{ distances_of, Evaluated, pooled };
import package::predictor::step::FEATURE_QUADS;

const MEMBERS = LANES / BATCH; // invocations that share out a trajectory

var<workgroup> sums: array<vec4f, LANES>; // [BATCH, MEMBERS]: a member's part of the distances
var<workgroup> found: array<vec4f, BATCH * FEATURE_QUADS>; // [BATCH, FEATURE_QUADS]

/// predictor/slot_features.wgsl of what turn i evaluated of four trajectories, whose states are too long for an
/// invocation each: leaves them in `found`. Called by all invocations, behind a barrier.
fn find_features(i: u32, n: u32, first: u32, state: u32, answer: u32, local: u32) {
  let row = local / MEMBERS;
  let member = local % MEMBERS;
  let start = min(first + row, run.trajectories - 1) * DIM;
  let velocity = turns[i].velocity > 0;
  let given = Evaluated(state + start, answer + start, velocity, DIM, asked[n].step.current, asked[n].spread);
  let part = distances_of(given, member, MEMBERS);
  sums[local] = vec4f(part.state, part.denoised, part.noise, part.along);
  for (var quad = member; quad < POOLS / 4; quad += MEMBERS) {
    found[row * FEATURE_QUADS + FIGURES / 4 + quad] = vec4f(
      pooled(given, 4 * quad),
      pooled(given, 4 * quad + 1),
      pooled(given, 4 * quad + 2),
      pooled(given, 4 * quad + 3),
    );
  }
  workgroupBarrier();
  if (member == 0) {
    var sum = vec4f(0);
    for (var other = 0u; other < MEMBERS; other++) {
      sum += sums[local + other];
    }
    let figures = figures_of(Distances(sum.x, sum.y, sum.z, sum.w), DIM, given.time, given.spread);
    found[row * FEATURE_QUADS] = figures[0];
    found[row * FEATURE_QUADS + 1] = figures[1];
  }
  workgroupBarrier();
}

/// What g_phi reads of trajectory `row` of the four.
fn features_of(n: u32, row: u32) -> array<vec4f, FEATURE_QUADS> {
  var features = array<vec4f, FEATURE_QUADS>();
  @if(reads_state) if (asked[n].step.blind == 0) {
    for (var quad = 0u; quad < FEATURE_QUADS; quad++) {
      features[quad] = found[row * FEATURE_QUADS + quad];
    }
  }
  return features;
}
