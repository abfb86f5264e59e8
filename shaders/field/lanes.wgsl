// Above 128 dimensions on software adapters whose lanes can tell each other what they load (batch/subgroup.wgsl): a lane
// takes four trajectories by itself, eight lanes a workgroup. No invocation waits for another: lavapipe makes loops that have
// a barrier anywhere around them twice as slow. Dimensions come SPAN vec4 at a time, so that as much of four states is in
// registers, and of a component a lane loads every eighth vec4, which serves 32 trajectories.
import constants::{ DIM, SPAN };
import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::components::{ log_weights, means };
import package::field::evaluate::slots;

const BATCH = 4u * LANES; // trajectories of a workgroup
const STATE = (DIM + 3u) / 4u; // vec4 of a state
const SPANS = (STATE + SPAN - 1u) / SPAN;
const LOADS = (SPAN + LANES - 1u) / LANES;

/// SPAN vec4 of four trajectories.
alias Span = array<array<vec4f, 4>, SPAN>;

// Entry points set these: the lane's first trajectory, whose others are 8, 16 and 24 after it, and where all end.
var<private> first: u32;
var<private> end: u32;
var<private> loaded: array<vec4f, LOADS>; // of a component

/// A trajectory of this lane. Past the end the last one is repeated and nothing written: lanes need each other.
fn row(r: u32) -> u32 {
  return min(first + LANES * r, end - 1);
}

fn is_there(r: u32) -> bool {
  return first + LANES * r < end;
}

/// Loads a span of component k: vec4 p is with lane p % LANES. Past the row's end it is zero, as states are.
fn load(k: u32, span: u32) {
  for (var n = 0u; n < LOADS; n++) {
    let quad = span * SPAN + n * LANES + subgroup_lane;
    loaded[n] = select(vec4f(0), means[k * STATE + min(quad, STATE - 1)], quad < STATE);
  }
}

/// Vec4 p of what was loaded. In subgroup-uniform control flow alone.
fn mean_at(p: u32) -> vec4f {
  return subgroupShuffle(loaded[p / LANES], p % LANES);
}

/// The sums of each vec4's numbers.
fn across(four: array<vec4f, 4>) -> vec4f {
  let one = vec4f(1);
  return vec4f(dot(four[0], one), dot(four[1], one), dot(four[2], one), dot(four[3], one));
}

/// Four numbers of a trajectory of this lane, zeros past its end.
fn four_of(slot: u32, r: u32, quad: u32) -> vec4f {
  let start = slot + row(r) * DIM;
  let d = vec4u(0, 1, 2, 3) + 4 * quad;
  let at = start + min(d, vec4u(DIM - 1));
  return select(vec4f(0), vec4f(slots[at.x], slots[at.y], slots[at.z], slots[at.w]), d < vec4u(DIM));
}

/// A number of turns that compilers do not know, so that they leave a loop a loop: with states loaded in one that was
/// unrolled a kernel took 23 s to compile in place of 2.
fn turns_of(count: u32) -> u32 {
  return count * min(1, arrayLength(&log_weights));
}
