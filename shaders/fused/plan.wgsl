// A plan as a table in a buffer. Here one invocation runs it for one trajectory: its slots stand in PLACES registers of a
// whole state each. Which place an operation reads or writes is data, so places are chosen by multiplying with zero and
// by selecting, in loops that compilers unroll: an index that is not known would put them all into memory.
import constants::{ DIM, PLACES };
import package::batch::scalar::{ Scalar, scalar_of };
import package::batch::status::flag_trajectory;
import package::field::state::State;
@if(noisy) import package::fused::noise::standard_normal;
import package::fused::state::{ added, chosen, is_finite, load_state, scaled_difference, store_state };
import package::rng::noise::Draw;

/// One turn: a combination of places, which goes to a place, and often an evaluation of it, which goes to another one.
/// src/execute/fused-turns.ts writes them.
struct Turn {
  place: u32, // of the combination
  answer: u32, // of the evaluation
  evaluates: u32, // whether there is one
  keep: u32, // where in `slots` the combination is wanted, in numbers; 0: nowhere
  step: u32,
  start: i32, // where in `slots` a constant to begin the sum with stands, in numbers; below 0: none
  euler: i32, // the place whose coefficient is scale (at - start), of an Euler prediction; below 0: none
  velocity: f32, // 1: the answer is the velocity (x - D) / divisor; 0: D
  noise: f32, // scale of what a sampler of the reverse SDE adds to the combination; 0: nothing
  draw: u32, // which of the plan's draws that is
  asks: i32, // the step that the predictor is asked about at the turn's end; below 0: none
  @align(16) time: Scalar, // that the field is told
  @align(16) divisor: Scalar, // of the velocity
  @align(16) euler_start: Scalar, // an Euler prediction's two times, and its scale
  @align(16) euler_at: Scalar,
  @align(16) euler_scale: Scalar,
  @align(16) terms: array<Scalar, PLACES>, // a coefficient a place
}

struct Run {
  turns: u32,
  trajectories: u32,
  places: u32, // where places start in `slots`, in numbers, for kernels that hold them there
  stride: u32, // from one of them to the next
  room: u32, // PLACES, and
  quads: u32, // vec4 of a state: the ends of loops that compilers must not know, or lavapipe unrolls random numbers
  @align(16) draw: Draw, // of the chunk; each turn has its own step
}

@group(0) @binding(3) var<uniform> run: Run;
@group(0) @binding(7) var<storage, read> turns: array<Turn>;

var<private> places: array<State, PLACES>;
/// The complement of the first step that came out as NaN or infinity; 0: none.
var<private> broken: u32;

/// Loads where the trajectory begins.
fn begin(trajectory: u32) {
  for (var s = 0u; s < PLACES; s++) {
    places[s] = State();
  }
  places[0] = load_state(trajectory * DIM);
}

/// The state that turn i combines, which goes to its place.
fn combined(i: u32, trajectory: u32, works: bool) -> State {
  var state = State();
  @if(constants) if (turns[i].start >= 0) {
    state = load_state(u32(turns[i].start));
  }
  for (var s = 0u; s < PLACES; s++) {
    state = added(state, coefficient(i, s, trajectory), places[s]);
  }
  @if(noisy) if (turns[i].noise != 0) {
    state = added(state, turns[i].noise, standard_normal(draw_of(i), trajectory));
  }
  if (!is_finite(state)) {
    broken = max(broken, ~turns[i].step);
  }
  put(turns[i].place, state);
  if (works && turns[i].keep != 0) {
    store_state(turns[i].keep + trajectory * DIM, state);
  }
  return state;
}

/// The key of the random numbers of turn i.
@if(noisy)
fn draw_of(i: u32) -> Draw {
  var draw = run.draw;
  draw.step = turns[i].draw;
  return draw;
}

fn evaluates(i: u32) -> bool {
  return turns[i].evaluates != 0;
}

/// The noise level that turn i tells the field.
fn told_time(i: u32, trajectory: u32) -> f32 {
  return value_of(turns[i].time, trajectory);
}

/// Puts what turn i wants of what the field answered.
fn answer(i: u32, x: State, denoised: State, trajectory: u32) {
  let share = turns[i].velocity;
  let factor = select(-1, 1 / value_of(turns[i].divisor, trajectory), share > 0);
  put(turns[i].answer, scaled_difference(x, share, denoised, factor));
}

/// Where a place starts in `slots`, in numbers, for kernels that hold them there.
fn place_start(place: u32) -> u32 {
  return run.places + place * run.stride;
}

fn put(place: u32, state: State) {
  for (var s = 0u; s < PLACES; s++) {
    places[s] = chosen(places[s], state, s == place);
  }
}

/// Tells of a trajectory that broke.
fn finish(trajectory: u32, works: bool) {
  if (works && broken != 0) {
    flag_trajectory(trajectory, ~broken);
  }
}

fn coefficient(i: u32, place: u32, trajectory: u32) -> f32 {
  @if(columned) if (turns[i].euler == i32(place)) {
    let span = value_of(turns[i].euler_at, trajectory) - value_of(turns[i].euler_start, trajectory);
    return value_of(turns[i].euler_scale, trajectory) * span;
  }
  return value_of(turns[i].terms[place], trajectory);
}

fn value_of(scalar: Scalar, trajectory: u32) -> f32 {
  @if(columned) return scalar_of(scalar, trajectory, run.trajectories);
  @if(!columned) return scalar.offset;
}
