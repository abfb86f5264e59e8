// A plan as a table in a buffer: a kernel reads which places each turn combines, and what it evaluates. A turn is a round of
// the kernel's one loop, and all trajectories read the same turn, so that solver and NFE are data and compile nothing.
// That indirection is what limits a fused mixture on an H100: 0.123 ms of the GPU (64-D, 10 components, batch 16,384, NFE 10)
// where a plain kernel with everything in registers took 0.056; stepwise it is 0.349. A combination and its evaluation in one
// turn, so that there is one loop over components, took 49 ms of processor time in place of 58 (lavapipe, the same mixture with
// one width, kernel alone).
import constants::PLACES;
import package::batch::scalar::{ Scalar, scalar_of };
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

/// Where a place starts in `slots`, in numbers, for kernels that hold them there.
fn place_start(place: u32) -> u32 {
  return run.places + place * run.stride;
}

/// What turn i multiplies a place with.
fn coefficient(i: u32, place: u32, trajectory: u32) -> f32 {
  return factor_of(i, place, turns[i].terms[place], trajectory);
}

/// The same, given the coefficient as it stands in the table.
fn factor_of(i: u32, place: u32, scalar: Scalar, trajectory: u32) -> f32 {
  @if(columned) if (turns[i].euler == i32(place)) {
    let span = value_of(turns[i].euler_at, trajectory) - value_of(turns[i].euler_start, trajectory);
    return value_of(turns[i].euler_scale, trajectory) * span;
  }
  return value_of(scalar, trajectory);
}

fn value_of(scalar: Scalar, trajectory: u32) -> f32 {
  @if(columned) return scalar_of(scalar, trajectory, run.trajectories);
  @if(!columned) return scalar.offset;
}
