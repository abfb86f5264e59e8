// The posterior mean of a large Gaussian mixture or data set of any dimension, one evaluation a dispatch: four trajectories
// a workgroup of 64, which goes through tiles of 64 components (posterior_tiled.wgsl). Sums wait in the output slot and
// (maximum, total) in `carry`, so that data larger than one binding comes in several dispatches, one shard each.
// Barriers and each lane's own loads limit it on lavapipe: mixture_lanes.wgsl, which has no barriers and whose lanes share
// loads, takes 84.5 ms of processor time where this takes 623 (784-D, 500 rows, batch 128, NFE 10). Reading states as vec4,
// and once a tile, took 36.7 to 37.8 ms in place of 53.5 to 53.9 (lavapipe, 256-D, 200 components, batch 64, NFE 5). Not
// measured on a GPU. docs/performance.md, "Above 128 dimensions".
import package::field::four::{ BATCH, Task, task_of };
import package::field::posterior_tiled::{ begin_sums, finish_sums, Running, sum_components };
import package::field::shard::shard;

@group(0) @binding(7) var<storage, read_write> carry: array<vec2f>; // [trajectories]: maximum, total

@compute @workgroup_size(64)
fn mixture_tiled(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let task = task_of(group, groups);
  var running = carried(task.rows);
  if (shard.first != 0) {
    running = begin_sums(task, task.output, local);
  }
  running = sum_components(task, task.output, running, local);
  if (shard.last != 0) {
    finish_sums(task, task.output, running.total, local);
  } else if (local < BATCH && task.first + local < task.trajectories) {
    carry[task.first + local] = vec2f(running.top[local], running.total[local]);
  }
}

fn carried(rows: vec4u) -> Running {
  let before = mat4x2f(carry[rows.x], carry[rows.y], carry[rows.z], carry[rows.w]);
  let both = transpose(before);
  return Running(both[0], both[1]);
}
