// The posterior mean of a Gaussian mixture of at most 64 components above 128 dimensions, one evaluation a dispatch: four
// trajectories a workgroup of 64, whose invocations share out the dimensions (posterior_few.wgsl).
// Barriers and each lane's own loads limit it on lavapipe: mixture_lanes.wgsl, which has no barriers and whose lanes share
// loads, takes 8.61 ms of processor time where this takes 15.7 (784-D, 10 components, batch 128, NFE 10). Sharing out
// dimensions instead of components took 15 ms where mixture_tiled.wgsl took 58 to 60 (lavapipe, 512-D, 10 components, batch
// 256, NFE 5), and 76 where that took 146 on SwiftShader (batch 128). Not measured on a GPU. docs/performance.md, "Above
// 128 dimensions".
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
