// Whole trajectories of a Gaussian mixture or data set above 128 dimensions in one dispatch, four a workgroup of 64. Places
// are in memory, where an invocation alone reads and writes its own vec4 of them (field/four.wgsl): what a plan combines
// needs no barrier, and next to the sweep over the components it is little.
// That sweep and its barriers limit it. So fusing gains nothing on lavapipe (784-D, 10 components, batch 128, `euler` at
// NFE 10: 22.5 to 23.3 ms of processor time, stepwise 18.4 to 18.5) and much on SwiftShader (105 to 110, stepwise 183 to
// 203). Not run on a GPU. Factors in workgroup memory, and places in a loop whose end comes from a uniform, compile in 1.6
// to 3.0 s, where both written out took 3.0 to 5.0 (lavapipe).
import constants::{ DIM, PLACES };
import package::batch::finite::is_broken;
import package::batch::status::flag_trajectory;
import package::field::four::{ BATCH, first_of, four_of, LANES, rows_from, store_four, Task };
@if(few) import package::field::posterior_few::evaluate_few;
@if(!few) import package::field::posterior_tiled::{ begin_sums, finish_sums, sum_components };
@if(predicted) import package::fused::ask_tile::ask_tile;
@if(noisy) import package::fused::plan::draw_of;
import package::fused::plan::{ coefficient, evaluates, place_start, run, told_time, turns, value_of };
@if(noisy) import package::rng::noise::noise4;

/// What a turn multiplies each place with, [BATCH, PLACES].
var<workgroup> factors: array<f32, BATCH * PLACES>;

@compute @workgroup_size(64)
fn mixture_wide(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let first = first_of(group, groups);
  for (var row = 0u; row < BATCH && first + row < run.trajectories; row++) {
    for (var quad = local; quad < run.quads; quad += LANES) {
      store_four(place_start(0), first + row, quad, four_of(0, first + row, quad));
    }
  }
  var i = 0u;
  // Loops end where their turn does: lavapipe runs the body of any other loop once more, with all lanes off.
  loop {
    combine(i, first, local);
    if (evaluates(i)) {
      evaluate(task_of_turn(i, first), local);
    }
    @if(predicted) {
      storageBarrier();
      ask_tile(i, first, place_start(turns[i].place), place_start(turns[i].answer), local);
    }
    continuing {
      i++;
      break if i >= run.turns;
    }
  }
}

/// Puts what turn i combines into its place, and where it is wanted.
fn combine(i: u32, first: u32, local: u32) {
  workgroupBarrier(); // Others may be at the turn before.
  // Of many places there are more than invocations.
  for (var n = local; n < BATCH * PLACES; n += LANES) {
    factors[n] = coefficient(i, n % PLACES, min(first + n / PLACES, run.trajectories - 1));
  }
  workgroupBarrier();
  // Read here, not for each vec4: compilers cannot know that what is written is not the plan.
  let place = place_start(turns[i].place);
  let keep = turns[i].keep;
  var row = 0u;
  loop {
    if (local < run.quads) {
      var quad = local;
      loop {
        let sum = combined(i, first, row, quad);
        store_four(place, first + row, quad, sum);
        if (keep != 0) {
          store_four(keep, first + row, quad, sum);
        }
        if (is_broken(sum)) {
          flag_trajectory(first + row, turns[i].step);
        }
        continuing {
          quad += LANES;
          break if quad >= run.quads;
        }
      }
    }
    continuing {
      row++;
      break if row >= min(BATCH, run.trajectories - first);
    }
  }
}

/// Four numbers of the state that turn i combines of one trajectory.
fn combined(i: u32, first: u32, row: u32, quad: u32) -> vec4f {
  var sum = vec4f(0);
  @if(constants) if (turns[i].start >= 0) {
    sum = four_of(u32(turns[i].start), 0, quad);
  }
  for (var s = 0u; s < run.room; s++) {
    let factor = factors[row * PLACES + s];
    if (factor != 0) {
      sum += factor * four_of(place_start(s), first + row, quad);
    }
  }
  @if(noisy) if (turns[i].noise != 0) {
    sum += turns[i].noise * noise4(draw_of(i), first + row, quad);
  }
  return sum;
}

fn task_of_turn(i: u32, first: u32) -> Task {
  let rows = rows_from(first, run.trajectories);
  let sigma = vec4f(told_time(i, rows.x), told_time(i, rows.y), told_time(i, rows.z), told_time(i, rows.w));
  let divisor = turns[i].divisor;
  let divisors = vec4f(
    value_of(divisor, rows.x),
    value_of(divisor, rows.y),
    value_of(divisor, rows.z),
    value_of(divisor, rows.w),
  );
  return Task(
    first,
    rows,
    run.trajectories,
    place_start(turns[i].place),
    place_start(turns[i].answer),
    turns[i].velocity > 0,
    sigma * sigma,
    divisors,
  );
}

@if(few)
fn evaluate(task: Task, local: u32) {
  evaluate_few(task, local);
}

@if(!few)
fn evaluate(task: Task, local: u32) {
  // The answer may take the state's place, which is read to the end: sums wait elsewhere.
  let sums = place_start(PLACES);
  let begun = begin_sums(task, sums, local);
  let running = sum_components(task, sums, begun, local);
  finish_sums(task, sums, running.total, local);
}
