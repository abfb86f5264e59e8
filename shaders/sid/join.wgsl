// The whole cotangent of y: y_t = y + sigma n carries on to it what both networks' D come to. 12 bytes read and 4 written
// per number.
import package::batch::dispatch::linear_index;
import package::sid::run::run;
import package::train::step::operation;

@group(0) @binding(0) var<storage, read_write> slots: array<f32>;

@compute @workgroup_size(64)
fn join(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64);
  if (i >= operation.trajectories * operation.dim) {
    return;
  }
  slots[run.to_generated + i] += slots[run.pulled_real + i] + slots[run.pulled_fake + i];
}
