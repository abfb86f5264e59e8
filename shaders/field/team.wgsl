// Where a state takes many registers, TEAM neighbouring lanes of a subgroup share a trajectory: each holds every TEAM-th
// vec4 of it, and what is a sum over the state they add. Without the condition `team` an invocation holds all of it.
@if(team) import constants::TEAM;
@if(team) const MEMBERS = u32(TEAM);
@if(!team) const MEMBERS = 1u;

/// This invocation's place in its team; entry points set it.
@if(team) var<private> team_lane: u32;

/// Which vec4 of a state an invocation's n-th one is.
fn quad_of(n: u32) -> u32 {
  @if(team) return team_lane + n * MEMBERS;
  @if(!team) return n;
}

/// The sum of what the lanes of a team have, the same to the last bit in all of them. In subgroup-uniform control flow alone.
fn team_sum(value: f32) -> f32 {
  @if(!team) return value;
  @if(team) {
    var sum = value;
    for (var apart = 1u; apart < MEMBERS; apart *= 2) {
      sum += subgroupShuffleXor(sum, apart);
    }
    return sum;
  }
}
