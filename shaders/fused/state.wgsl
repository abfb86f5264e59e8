// What fused kernels do with the state of a trajectory in registers. In memory are the states that a run begins with and
// those that are wanted of it: [wanted, trajectories, DIM].
import constants::DIM;
@if(!small) import constants::PARTS;
import package::batch::finite::EXPONENT;
@if(broadcast && !small) import package::batch::subgroup::{ LANES, subgroup_lane };
import package::field::evaluate::slots;
import package::field::state::State;
@if(!small) import package::field::team::quad_of;
@if(team) import package::field::team::{ MEMBERS, of_team };

fn load_state(start: u32) -> State {
  var state = State();
  @if(small) for (var d = 0u; d < DIM; d++) {
    state[d] = slots[start + d];
  }
  @if(!small) for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      state[p][lane] = select(0, slots[start + min(d, DIM - 1)], d < DIM);
    }
  }
  return state;
}

/// A state that all trajectories share. With `broadcast` each lane loads a number of eight, and tells the others, in
/// subgroup-uniform control flow alone: 64 loads of one number took lavapipe 4 seconds to compile.
fn load_shared_state(start: u32) -> State {
  @if(!broadcast || small) return load_state(start);
  @if(broadcast && !small) {
    var own = array<f32, (DIM + LANES - 1u) / LANES>();
    for (var n = 0u; n < (DIM + LANES - 1) / LANES; n++) {
      own[n] = slots[start + min(n * LANES + subgroup_lane, DIM - 1)];
    }
    var state = State();
    for (var p = 0u; p < PARTS; p++) {
      for (var k = 0u; k < 4; k++) {
        let d = min(4 * p + k, DIM - 1);
        state[p][k] = select(0, subgroupShuffle(own[d / LANES], d % LANES), 4 * p + k < DIM);
      }
    }
    return state;
  }
}

fn store_state(start: u32, given: State) {
  var state = given;
  @if(small) for (var d = 0u; d < DIM; d++) {
    slots[start + d] = state[d];
  }
  @if(!small) for (var p = 0u; p < PARTS; p++) {
    for (var lane = 0u; lane < 4; lane++) {
      let d = quad_of(p) * 4 + lane;
      if (d < DIM) {
        slots[start + d] = state[p][lane];
      }
    }
  }
}

/// sum + factor * other
fn added(sum: State, factor: f32, other: State) -> State {
  @if(small) return sum + factor * other;
  @if(!small) {
    var result = sum;
    for (var p = 0u; p < PARTS; p++) {
      result[p] += factor * other[p];
    }
    return result;
  }
}

/// The inner product, or a lane's part of it; what stands past the end is 0.
fn inner(a: State, b: State) -> f32 {
  @if(small) return dot(a, b);
  @if(!small) {
    var sum = vec4f(0);
    for (var p = 0u; p < PARTS; p++) {
      sum += a[p] * b[p];
    }
    return dot(sum, vec4f(1));
  }
}

/// Four numbers of it, 0 past its end. With `team` in subgroup-uniform control flow alone.
fn quad_of_state(state: State, quad: u32) -> vec4f {
  @if(dim1 || dim2) return vec4f(state, 0, 0);
  @if(dim3) return vec4f(state, 0);
  @if(dim4) return state;
  @if(!small && !team) return state[quad];
  @if(team) return of_team(state[quad / MEMBERS], quad % MEMBERS);
}

/// (share * x - denoised) * factor
fn scaled_difference(x: State, share: f32, denoised: State, factor: f32) -> State {
  @if(small) return (share * x - denoised) * factor;
  @if(!small) {
    var result = denoised;
    for (var p = 0u; p < PARTS; p++) {
      result[p] = (share * x[p] - denoised[p]) * factor;
    }
    return result;
  }
}

/// `other` where `choose`
fn chosen(state: State, other: State, choose: bool) -> State {
  @if(small) return select(state, other, choose);
  @if(!small) {
    var result = state;
    for (var p = 0u; p < PARTS; p++) {
      result[p] = select(state[p], other[p], choose);
    }
    return result;
  }
}

/// Whether no number is a NaN or an infinity.
fn is_finite(state: State) -> bool {
  var bits = vec4u(0);
  @if(dim1) bits = bitcast<vec2u>(state).xyxy;
  @if(dim2) bits = bitcast<vec2u>(state).xyxy;
  @if(dim3) bits = bitcast<vec3u>(state).xyzz;
  @if(dim4) bits = bitcast<vec4u>(state);
  const MAGNITUDE = vec4u(0x7fffffffu);
  bits &= MAGNITUDE;
  @if(!small) for (var p = 0u; p < PARTS; p++) {
    bits = max(bits, bitcast<vec4u>(state[p]) & MAGNITUDE);
  }
  return all(bits < vec4u(EXPONENT));
}
