// The posterior mean of a large Gaussian mixture or data set of any dimension, one evaluation a dispatch. Sums wait in the
// output slot and (maximum, total) in `carry`, so that data larger than one binding comes in several dispatches, one
// shard each.
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
