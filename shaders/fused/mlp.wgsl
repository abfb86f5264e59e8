// Whole trajectories of a small network in one dispatch, a tile of them a workgroup (mlp/tile.wgsl). Slots stay in memory,
// where a workgroup alone reads and writes its own rows of them: next to a layer's weights they are nothing.
// The network itself limits it: loads of weights, and on lavapipe the barriers around each layer, inside the loop over turns.
// There it makes 51,547 trajectories a second of 2-64-64-64-2 (batch 262,144, NFE 10) and stepwise runs, whose lanes wait for
// nothing (mlp/lanes), 253,713; so software runs networks stepwise. Beside stepwise it has not been measured on a GPU.
import constants::{ DIM, PLACES };
import package::batch::status::check_number;
import package::field::evaluate::slots;
@if(predicted) import package::fused::ask_tile::ask_tile;
@if(noisy) import package::fused::plan::draw_of;
import package::fused::plan::{ coefficient, evaluates, place_start, run, told_time, turns, value_of };
@if(!matrix) import package::mlp::layers::run_layers;
@if(matrix) import package::mlp::matrix::run_layers;
import package::mlp::precondition::precondition;
import package::mlp::task::{ denoised, scales, Task };
import package::mlp::tile::{ clamped, INVOCATIONS, TILE };
@if(noisy) import package::rng::noise::noise4;
@if(half) enable f16;
@if(matrix) enable chromium_experimental_subgroup_matrix;
// A subgroup finds its place by division, which is not seen to be the same for its invocations.
@if(matrix) diagnostic(off, chromium.subgroup_matrix_uniformity);

@compute @workgroup_size(INVOCATIONS)
fn mlp(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = (group.x + group.y * groups.x) * TILE;
  let begin = first * DIM;
  // Numbers of the tile's states; each invocation does the same ones throughout.
  let end = min(begin + TILE * DIM, run.trajectories * DIM);
  for (var at = begin + local; at < end; at += INVOCATIONS) {
    slots[place_start(0) + at] = slots[at];
  }
  for (var i = 0u; i < run.turns; i++) {
    let state = place_start(turns[i].place);
    for (var at = begin + local; at < end; at += INVOCATIONS) {
      let sum = combined(i, at);
      slots[state + at] = sum;
      if (turns[i].keep != 0) {
        slots[turns[i].keep + at] = sum;
      }
    }
    @if(noisy) if (turns[i].noise != 0) {
      add_noise(i, first, local);
    }
    if (evaluates(i)) {
      for (var r = local; r < TILE; r += INVOCATIONS) {
        scales[r] = precondition(told_time(i, clamped(first + r, run.trajectories)));
      }
      storageBarrier();
      // The answer may take the state's place, which the network reads to its end: it goes elsewhere first.
      let scratch = place_start(PLACES);
      run_layers(Task(first, run.trajectories, state, scratch, turns[i].time.column < 0), local);
      for (var at = begin + local; at < end; at += INVOCATIONS) {
        let x = slots[state + at];
        let answered = denoised(at - begin, x, slots[scratch + at]);
        let velocity = (x - answered) / value_of(turns[i].divisor, at / DIM);
        slots[place_start(turns[i].answer) + at] = select(answered, velocity, turns[i].velocity > 0);
      }
      workgroupBarrier();
    }
    @if(predicted) {
      storageBarrier();
      ask_tile(i, first, state, place_start(turns[i].answer), local);
    }
  }
}

/// Adds noise to the tile's states, four numbers of a trajectory an invocation.
@if(noisy)
fn add_noise(i: u32, first: u32, local: u32) {
  storageBarrier();
  for (var n = local; n < TILE * run.quads; n += INVOCATIONS) {
    let trajectory = first + n / run.quads;
    let quad = n % run.quads;
    let added = turns[i].noise * noise4(draw_of(i), trajectory, quad);
    for (var lane = 0u; lane < 4 && 4 * quad + lane < DIM && trajectory < run.trajectories; lane++) {
      let at = trajectory * DIM + 4 * quad + lane;
      let place = place_start(turns[i].place) + at;
      slots[place] += added[lane];
      if (turns[i].keep != 0) {
        slots[turns[i].keep + at] = slots[place];
      }
    }
  }
  storageBarrier();
}

/// Number `at` of the state that turn i combines.
fn combined(i: u32, at: u32) -> f32 {
  var sum = 0.0;
  @if(constants) if (turns[i].start >= 0) {
    sum = slots[u32(turns[i].start) + at % DIM];
  }
  for (var s = 0u; s < PLACES; s++) {
    let factor = coefficient(i, s, at / DIM);
    if (factor != 0) {
      sum += factor * slots[place_start(s) + at];
    }
  }
  check_number(sum, at / DIM, turns[i].step);
  return sum;
}
