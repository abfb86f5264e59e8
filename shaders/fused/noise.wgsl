import constants::DIM;
@if(!small) import constants::PARTS;
import package::field::state::State;
@if(!small) import package::field::team::{ MEMBERS, quad_of };
import package::fused::plan::run;
import package::rng::noise::{ Draw, noise4 };

/// A standard normal for each number of a trajectory's state, the same that update/noise.wgsl draws.
fn standard_normal(draw: Draw, trajectory: u32) -> State {
  @if(dim1) return State(noise4(draw, trajectory, 0).x, 0);
  @if(dim2) return noise4(draw, trajectory, 0).xy;
  @if(dim3) return noise4(draw, trajectory, 0).xyz;
  @if(dim4) return noise4(draw, trajectory, 0);
  @if(!small) {
    var state = State();
    var part = 0u;
    loop {
      let quad = quad_of(part);
      // What stands past the state's end stays 0.
      let within = vec4u(0, 1, 2, 3) + 4 * quad < vec4u(DIM);
      let drawn = select(vec4f(0), noise4(draw, trajectory, quad), within);
      for (var p = 0u; p < PARTS; p++) {
        state[p] = select(state[p], drawn, p == part);
      }
      continuing {
        part++;
        break if part >= (run.quads + MEMBERS - 1) / MEMBERS;
      }
    }
    return state;
  }
}
