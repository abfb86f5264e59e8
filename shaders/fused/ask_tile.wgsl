import constants::DIM;
@if(shared_asking) import constants::SHARES;
@if(wide) import package::field::four::{ BATCH as TILE, LANES as INVOCATIONS };
import package::fused::asked::{ asked, fill_columns };
import package::fused::plan::{ run, turns };
@if(reads_state && wide) import package::fused::wide_features::{ find_features, found_features };
@if(reads_hidden) import package::mlp::layers::features;
@if(!wide) import package::mlp::tile::{ INVOCATIONS, TILE };
import package::predictor::answers::bottleneck_part;
@if(reads_state && !wide) import package::predictor::slot_features::{ Evaluated, slot_features };
import package::predictor::step::FEATURE_QUADS;

@if(!shared_asking) const SHARES = 1u;
/// Parts of the bottleneck, [SHARES, TILE].
@if(shared_asking) var<workgroup> parts: array<vec4f, SHARES * TILE>;

/// Asks g_phi, where turn i does, about the tile's trajectories: SHARES invocations share the hidden layer of one.
/// `state` and `answer` are where places of the turn start. Called by all invocations, behind a barrier.
fn ask_tile(i: u32, first: u32, state: u32, answer: u32, local: u32, lane: u32) {
  if (turns[i].asks < 0) {
    return;
  }
  let n = u32(turns[i].asks);
  @if(reads_state && wide) if (asked[n].step.blind == 0) {
    find_features(i, n, first, state, answer, local);
  }
  let units = 4 * asked[n].step.hidden_quads / SHARES;
  var begin = 0u;
  // Loops that end where their turn does: lavapipe runs the body of any other loop once more, with all lanes off.
  loop {
    let item = min(begin + local, SHARES * TILE - 1);
    let row = item % TILE;
    @if(!wide) let given = features_of(i, n, min(first + row, run.trajectories - 1), state, answer);
    @if(wide) let given = features_of(n, row);
    let part = bottleneck_part(given, item / TILE * units, units, lane);
    let works = begin + local < SHARES * TILE;
    @if(shared_asking) if (works) {
      parts[item] = part;
    }
    @if(!shared_asking) if (works && first + row < run.trajectories) {
      fill_columns(n, part, first + row);
    }
    continuing {
      begin += INVOCATIONS;
      break if begin >= SHARES * TILE;
    }
  }
  @if(shared_asking) {
    workgroupBarrier();
    for (var row = local; row < TILE && first + row < run.trajectories; row += INVOCATIONS) {
      var sum = vec4f(0);
      for (var s = 0u; s < SHARES; s++) {
        sum += parts[s * TILE + row];
      }
      fill_columns(n, sum, first + row);
    }
    workgroupBarrier(); // before the next turn that asks writes its parts
  }
  storageBarrier();
}

/// What g_phi reads of a trajectory.
@if(!wide)
fn features_of(i: u32, n: u32, trajectory: u32, state: u32, answer: u32) -> array<vec4f, FEATURE_QUADS> {
  var given = array<vec4f, FEATURE_QUADS>();
  @if(reads_hidden) if (asked[n].step.blind == 0) {
    for (var quad = 0u; quad < FEATURE_QUADS; quad++) {
      let at = 4 * (trajectory * FEATURE_QUADS + quad);
      given[quad] = vec4f(features[at], features[at + 1], features[at + 2], features[at + 3]);
    }
  }
  @if(reads_state) if (asked[n].step.blind == 0) {
    let row = trajectory * DIM;
    let velocity = turns[i].velocity > 0;
    given = slot_features(Evaluated(state + row, answer + row, velocity, DIM, asked[n].step.current, asked[n].spread));
  }
  return given;
}

@if(wide)
fn features_of(n: u32, row: u32) -> array<vec4f, FEATURE_QUADS> {
  @if(reads_state) if (asked[n].step.blind == 0) {
    return found_features(row);
  }
  return array<vec4f, FEATURE_QUADS>();
}
