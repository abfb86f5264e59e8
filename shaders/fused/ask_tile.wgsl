@if(shared_asking) import constants::SHARES;
@if(wide) import package::field::four::{ BATCH as TILE, LANES as INVOCATIONS };
@if(!tangent) import package::fused::asked::{ asked, fill_columns, hidden_quads, part_of };
@if(tangent) import package::fused::tangent_asked::{ fill_columns, hidden_quads, part_of };
import package::fused::plan::{ run, turns };
@if(tangent) import package::fused::tangent_tile_features::features_of;
@if(!tangent && !wide) import package::fused::tile_features::features_of;
@if(!tangent && wide) import package::fused::wide_features::{ features_of, find_features };
@if(!wide) import package::mlp::tile::{ INVOCATIONS, TILE };

@if(!shared_asking) const SHARES = 1u;
/// Parts of what follows the hidden layer, [SHARES, TILE].
@if(shared_asking) var<workgroup> parts: array<vec4f, SHARES * TILE>;

/// Asks the predictor, where turn i does, about the tile's trajectories: SHARES invocations share the hidden layer of one.
/// `state` and `answer` are where places of the turn start. Called by all invocations, behind a barrier.
fn ask_tile(i: u32, first: u32, state: u32, answer: u32, local: u32) {
  if (turns[i].asks < 0) {
    return;
  }
  let n = u32(turns[i].asks);
  @if(reads_state && wide && !tangent) if (asked[n].step.blind == 0) {
    find_features(i, n, first, state, answer, local);
  }
  let quads = hidden_quads(n) / SHARES;
  var begin = 0u;
  // Loops that end where their turn does: lavapipe runs the body of any other loop once more, with all lanes off.
  loop {
    let item = min(begin + local, SHARES * TILE - 1);
    let row = item % TILE;
    @if(tangent || !wide) let given = features_of(i, n, min(first + row, run.trajectories - 1), state, answer);
    @if(!tangent && wide) let given = features_of(n, row);
    let part = part_of(n, given, item / TILE * quads, quads, 0);
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
