import constants::DIM;
import package::fused::tangent_asked::asked;
import package::fused::plan::{ run, told_time };
import package::tangent::figures::FEATURE_QUADS;
import package::tangent::slot_features::{ Evaluated, slot_features };

/// What a tangent network reads of a trajectory of a tile; `state` and `answer` are where places of turn i start.
fn features_of(i: u32, n: u32, trajectory: u32, state: u32, answer: u32) -> array<vec4f, FEATURE_QUADS> {
  let row = trajectory * DIM;
  let previous = run.places + u32(max(0, asked[n].previous)) * run.stride;
  let time = told_time(i, trajectory);
  return slot_features(Evaluated(
    state + row,
    answer + row,
    previous + row,
    asked[n].previous >= 0,
    asked[n].dim,
    time,
    asked[n].spread,
  ));
}
