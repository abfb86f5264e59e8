// Where a state takes many registers, TEAM lanes of a subgroup share a trajectory: each holds every TEAM-th vec4 of it, and
// what is a sum over the state they add. Without the condition `team` an invocation holds all of it.
@if(team) import constants::TEAM;
import package::batch::dispatch::linear_index;
@if(team) const MEMBERS = u32(TEAM);
@if(!team) const MEMBERS = 1u;

/// This invocation's place in its team.
@if(team) var<private> team_lane: u32;
/// How many invocations of the workgroup have joined a team.
@if(team) var<workgroup> joined: atomic<u32>;

/// What an entry point is told of its invocation.
struct Invocation {
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @if(broadcast || team) @builtin(subgroup_invocation_id) lane: u32,
  @if(team) @builtin(local_invocation_index) local: u32,
  @if(team) @builtin(subgroup_size) subgroup: u32,
}

/// Which trajectory an invocation of a workgroup of 64 takes, alone or with its team, which it joins here, once. Subgroups
/// line up as they come, since WGSL does not say which of a workgroup they are.
fn trajectory_of(at: Invocation) -> u32 {
  let index = linear_index(at.id, at.groups, 64);
  @if(!team) return index;
  @if(team) {
    // SwiftShader sets workgroup memory to 0 when each subgroup begins, which is before all of them are here.
    workgroupBarrier();
    var before = 0u;
    if (subgroupElect()) {
      before = atomicAdd(&joined, at.subgroup);
    }
    team_lane = at.lane % MEMBERS;
    return (index - at.local + subgroupBroadcastFirst(before) + at.lane) / MEMBERS;
  }
}

/// Whether this invocation writes what is one number of a trajectory.
fn leads() -> bool {
  @if(team) return team_lane == 0;
  @if(!team) return true;
}

/// Which vec4 of a state an invocation's n-th one is.
fn quad_of(n: u32) -> u32 {
  @if(team) return team_lane + n * MEMBERS;
  @if(!team) return n;
}

/// The sums of what the lanes of a team have, the same to the last bit in all of them. In subgroup-uniform control flow alone.
fn team_sums(values: vec4f) -> vec4f {
  var sums = values;
  @if(team) for (var apart = 1u; apart < MEMBERS; apart *= 2) {
    sums += subgroupShuffleXor(sums, apart);
  }
  return sums;
}

/// The sum of what they have; likewise.
fn team_sum(value: f32) -> f32 {
  var sum = value;
  @if(team) for (var apart = 1u; apart < MEMBERS; apart *= 2) {
    sum += subgroupShuffleXor(sum, apart);
  }
  return sum;
}

/// What a lane of a team has, for all of them; likewise. It is a sum and no shuffle by index: Mesa 25.0.7 crashes where it
/// compiles those for RDNA 1 and 2 among many registers.
@if(team) fn of_team(value: vec4f, member: u32) -> vec4f {
  return team_sums(select(vec4f(0), value, team_lane == member));
}
