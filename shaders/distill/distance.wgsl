// The squared distance of each trajectory's result to its target: one trajectory an invocation.
import package::batch::dispatch::linear_index;
import package::distill::loss::{ errors, operation, slots, targets };

@compute @workgroup_size(64)
fn distance(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let trajectory = linear_index(id, groups, 64);
  if (trajectory >= operation.trajectories) {
    return;
  }
  var sum = 0.0;
  for (var d = trajectory * operation.dim; d < (trajectory + 1) * operation.dim; d++) {
    let error = slots[operation.result + d] - targets[d];
    sum += error * error;
  }
  errors[trajectory] = sum;
}
