// The cotangent of the result, 2 (x - target) times the loss's slope to the squared error: one number an invocation.
import package::batch::dispatch::linear_index;
import package::distill::loss::{ operation, slopes, slots, targets };

@compute @workgroup_size(64)
fn cotangent(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = linear_index(id, groups, 64);
  if (i >= operation.trajectories * operation.dim) {
    return;
  }
  slots[operation.cotangent + i] = 2 * slopes[i / operation.dim] * (slots[operation.result + i] - targets[i]);
}
