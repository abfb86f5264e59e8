// The posterior mean of a Gaussian mixture of at most 64 components above 128 dimensions, one evaluation a dispatch.
import package::field::four::task_of;
import package::field::posterior_few::evaluate_few;

@compute @workgroup_size(64)
fn mixture_few(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  evaluate_few(task_of(group, groups), local);
}
