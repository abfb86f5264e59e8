// A plan in the registers of one invocation, or of a team of them: its slots stand in PLACES states. Which place an
// operation reads or writes is data, so places are chosen by multiplying with zero and by selecting, in loops that
// compilers unroll: an index that is not known would put them all into memory. So would one loop over many places, which
// lavapipe does not unroll; they stand in blocks of at most 48 vec4, few enough for that.
// Registers limit it: on AMD's GPUs, as compiled, plans of up to 252 numbers a lane keep next to none in memory, and from 336
// on hundreds. A turn reads all places once, and puts what the turn before made where it belongs while it sums: 7.4 ms of
// processor time where three sweeps over one array took 31.7 (lavapipe, 64-D mixture, `bespoke` at NFE 7, batch 2,048).
// docs/performance.md, "Room for many states".
import constants::{ BLOCK, DIM, PLACES };
@if(broadcast) import package::batch::subgroup::{ LANES, subgroup_lane };
import package::batch::scalar::Scalar;
import package::batch::status::flag_trajectory;
import package::field::state::State;
@if(noisy) import package::fused::noise::standard_normal;
@if(noisy) import package::fused::plan::draw_of;
import package::fused::plan::{ factor_of, run, turns, value_of };
import package::fused::state::{ added, chosen, is_finite, load_shared_state, load_state, scaled_difference, store_state };

alias Block = array<State, BLOCK>;

var<private> block_0: Block;
@if(block_1) var<private> block_1: Block;
@if(block_2) var<private> block_2: Block;
@if(block_3) var<private> block_3: Block;
@if(block_4) var<private> block_4: Block;
@if(block_5) var<private> block_5: Block;
@if(block_6) var<private> block_6: Block;
@if(block_7) var<private> block_7: Block;

/// What the last turn made and the next one puts into places, while it reads them all: the combination and the answer.
var<private> sum_made: State;
var<private> sum_place: u32;
var<private> answer_made: State;
var<private> answer_place: u32;
/// The complement of the first step that came out as NaN or infinity; 0: none.
var<private> broken: u32;

/// With `broadcast` each lane loads a coefficient of the turn, and tells the others.
@if(broadcast) var<private> factors: array<Scalar, (PLACES + LANES - 1u) / LANES>;

/// Loads where the trajectory begins.
fn begin(trajectory: u32) {
  sum_made = load_state(trajectory * DIM);
  sum_place = 0;
  answer_place = PLACES;
}

/// The state that turn i combines, which goes to its place. With `broadcast` in subgroup-uniform control flow alone.
fn combined(i: u32, trajectory: u32, works: bool) -> State {
  var state = State();
  @if(constants) if (turns[i].start >= 0) {
    state = load_shared_state(u32(turns[i].start));
  }
  @if(broadcast) for (var n = 0u; n < (PLACES + LANES - 1u) / LANES; n++) {
    factors[n] = turns[i].terms[min(n * LANES + subgroup_lane, PLACES - 1)];
  }
  state = swept(state, &block_0, 0, i, trajectory);
  @if(block_1) state = swept(state, &block_1, BLOCK, i, trajectory);
  @if(block_2) state = swept(state, &block_2, 2 * BLOCK, i, trajectory);
  @if(block_3) state = swept(state, &block_3, 3 * BLOCK, i, trajectory);
  @if(block_4) state = swept(state, &block_4, 4 * BLOCK, i, trajectory);
  @if(block_5) state = swept(state, &block_5, 5 * BLOCK, i, trajectory);
  @if(block_6) state = swept(state, &block_6, 6 * BLOCK, i, trajectory);
  @if(block_7) state = swept(state, &block_7, 7 * BLOCK, i, trajectory);
  @if(noisy) if (turns[i].noise != 0) {
    state = added(state, turns[i].noise, standard_normal(draw_of(i), trajectory));
  }
  if (!is_finite(state)) {
    broken = max(broken, ~turns[i].step);
  }
  if (works && turns[i].keep != 0) {
    store_state(turns[i].keep + trajectory * DIM, state);
  }
  sum_made = state;
  sum_place = turns[i].place;
  answer_place = PLACES;
  return state;
}

/// Puts what was made into a block of places that begins with `first`, and adds to `sum` what turn i takes of it.
fn swept(sum: State, held: ptr<private, Block>, first: u32, i: u32, trajectory: u32) -> State {
  var state = sum;
  for (var s = 0u; s < BLOCK; s++) {
    let before = chosen((*held)[s], sum_made, first + s == sum_place);
    let place = chosen(before, answer_made, first + s == answer_place);
    (*held)[s] = place;
    state = added(state, coefficient(i, first + s, trajectory), place);
  }
  return state;
}

/// What turn i multiplies a place with.
fn coefficient(i: u32, place: u32, trajectory: u32) -> f32 {
  @if(!broadcast) let scalar = turns[i].terms[place];
  @if(broadcast) let own = factors[place / LANES];
  @if(broadcast) let scalar = Scalar(
    subgroupShuffle(own.offset, place % LANES),
    subgroupShuffle(own.scale, place % LANES),
    subgroupShuffle(own.column, place % LANES),
  );
  return factor_of(i, place, scalar, trajectory);
}

/// Keeps what turn i wants of what the field answered.
fn answer(i: u32, x: State, denoised: State, trajectory: u32) {
  let share = turns[i].velocity;
  let factor = select(-1, 1 / value_of(turns[i].divisor, trajectory), share > 0);
  answer_made = scaled_difference(x, share, denoised, factor);
  answer_place = turns[i].answer;
}

/// Tells of a trajectory that broke.
fn finish(trajectory: u32, works: bool) {
  if (works && broken != 0) {
    flag_trajectory(trajectory, ~broken);
  }
}
